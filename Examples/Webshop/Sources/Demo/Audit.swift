import Foundation
import Pawl
import PawlSQLite

/// What became of the orders: counted from what the services have stored, after the run, and from
/// nothing else.
///
/// These are the definitions; `audit.sql`, in the folder of each run, says the same in SQL.
struct Audit: Sendable, Equatable {
    /// Carts that were submitted, as the carts service has saved it. A cart's id is its order's.
    let submitted: Int
    /// Submitted carts for which there is exactly one charge, in whichever account.
    let chargedOnce: Int
    /// Submitted carts whose shipment has exactly one parcel.
    let shippedOnce: Int
    /// Submitted carts for which there is no charge, or no parcel, or whose customer was never
    /// told.
    let lost: Int
    /// Orders for which there are several charges, or several parcels.
    let duplicated: Int
    /// Charges and parcels that the orders service was told of, but that no account and no
    /// shipment knows: events about a state that was never saved.
    let ghosts: Int

    /// Audits a shop.
    ///
    /// - Parameters:
    ///   - carts: All carts by their ids.
    ///   - orders: All orders by their ids.
    ///   - accounts: All accounts by their ids, which are the customers'.
    ///   - shipments: All shipments by their ids, which are the orders'.
    init<O: AuditedOrder, A: AuditedAccount, S: AuditedShipment>(
        carts: [String: Cart], orders: [String: O], accounts: [String: A], shipments: [String: S]
    ) {
        let allCharges = accounts.values.flatMap(\.savedCharges)
        let charges = Dictionary(grouping: allCharges, by: \.order).mapValues(\.count)
        let parcels = shipments.mapValues(\.savedParcels.count)
        let submitted = carts.filter(\.value.isSubmitted)
        self.submitted = submitted.count
        chargedOnce = submitted.keys.count { charges[$0] == 1 }
        shippedOnce = submitted.keys.count { parcels[$0] == 1 }
        lost = submitted.count { id, cart in
            charges[id, default: 0] == 0 || parcels[id, default: 0] == 0 || !cart.isTold
        }
        duplicated = Set(charges.keys).union(parcels.keys).count { order in
            charges[order, default: 0] > 1 || parcels[order, default: 0] > 1
        }
        let heardOfCharges = Set(orders.values.flatMap(\.chargesHeardOf))
        let heardOfParcels = Set(orders.values.flatMap(\.parcelsHeardOf))
        let savedParcels = Set(shipments.values.flatMap(\.savedParcels))
        ghosts =
            heardOfCharges.subtracting(allCharges.map(\.id)).count
            + heardOfParcels.subtracting(savedParcels).count
    }

    /// Audits the shop in a folder.
    ///
    /// - Throws: A `BackendError` or a `DecodingError` if something there can't be read.
    init(of folder: ShopFolder) async throws {
        let carts = try await Self.entities(Cart.self, of: .carts, in: folder)
        if folder.algorithm.isNatural {
            self.init(
                carts: carts,
                orders: try await Self.entities(
                    NaturalShop.Order.self, of: .orders, in: folder),
                accounts: try await Self.entities(
                    NaturalShop.Account.self, of: .billing, in: folder),
                shipments: try await Self.entities(
                    NaturalShop.Shipment.self, of: .shipping, in: folder))
        } else {
            self.init(
                carts: carts,
                orders: try await Self.entities(Order.self, of: .orders, in: folder),
                accounts: try await Self.entities(Account.self, of: .billing, in: folder),
                shipments: try await Self.entities(Shipment.self, of: .shipping, in: folder))
        }
    }

    private static func entities<E: Entity>(
        _ type: E.Type, of service: ShopService, in folder: ShopFolder
    ) async throws -> [String: E] {
        let store = try SQLiteStore.open(folder.store(of: service), options: .readOnly)
        let decoder = JSONDecoder()
        var entities: [String: E] = [:]
        var last: LocatedDocument?
        repeat {
            let page = try await store.list(kind: E.kind, after: last, limit: 500)
            last = page.last
            for located in page {
                guard let body = located.document.content.body else { continue }
                entities[located.key.id] = try decoder.decode(E.self, from: Data(body))
            }
        } while last != nil
        return entities
    }
}
