#ifndef POWERCUT_VFS_H
#define POWERCUT_VFS_H

/// Makes `powercut` SQLite's default VFS.
void vfs_register(void);

/// Makes the VFS below it the default again. `powercut` stays known, as connections to files
/// elsewhere may have been opened by it and still use it.
void vfs_unregister(void);

#endif
