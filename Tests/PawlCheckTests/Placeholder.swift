import PawlCheck
