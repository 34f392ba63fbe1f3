extension ShopFolder {
    /// The ``Audit`` in SQL, to be run in the folder: `sqlite3 < audit.sql`.
    var auditSQL: String {
        ShopService.allCases.map { service in
            let file = store(of: service).dropFirst(path.count + 1)
            return "ATTACH '\(file)' AS \(service);\n"
        }.joined() + Self.auditSQL(order: algorithm.isNatural ? "$.fact.order" : "$.order")
    }

    /// The queries.
    ///
    /// - Parameter order: Where a charge says which order it is for.
    /// - Returns: Them.
    private static func auditSQL(order: String) -> String {
        """

        -- The submitted carts. A cart's id is its order's.
        CREATE TEMP TABLE cart AS
            SELECT id, body ->> 'isTold' AS is_told FROM carts.documents
            WHERE kind = 'Cart' AND body ->> 'isSubmitted';
        -- The charges in all accounts, and the parcels in all shipments.
        CREATE TEMP TABLE charge AS
            SELECT value ->> 'id' AS id, value ->> '\(order)' AS order_id
            FROM billing.documents, json_each(body, '$.charges') WHERE kind = 'Account';
        CREATE TEMP TABLE parcel AS
            SELECT value ->> 'id' AS id, documents.id AS order_id
            FROM shipping.documents, json_each(body, '$.parcels') WHERE kind = 'Shipment';
        -- The charges and the parcels that orders has heard of.
        CREATE TEMP TABLE heard_of AS
            SELECT value AS id FROM orders.documents, json_each(body, '$.charges')
            WHERE kind = 'Order'
            UNION
            SELECT value AS id FROM orders.documents, json_each(body, '$.parcels')
            WHERE kind = 'Order';
        CREATE TEMP TABLE count AS
            SELECT id AS order_id,
                (SELECT count(*) FROM charge WHERE order_id = every.id) AS charges,
                (SELECT count(*) FROM parcel WHERE order_id = every.id) AS parcels
            FROM (SELECT id FROM cart UNION SELECT order_id FROM charge
                UNION SELECT order_id FROM parcel) AS every;

        SELECT 'submitted', count(*) FROM cart
        UNION ALL
        SELECT 'charged once', count(*) FROM cart JOIN count ON order_id = id WHERE charges = 1
        UNION ALL
        SELECT 'shipped once', count(*) FROM cart JOIN count ON order_id = id WHERE parcels = 1
        UNION ALL
        SELECT 'lost', count(*) FROM cart JOIN count ON order_id = id
            WHERE charges = 0 OR parcels = 0 OR NOT is_told
        UNION ALL
        SELECT 'duplicated', count(*) FROM count WHERE charges > 1 OR parcels > 1
        UNION ALL
        SELECT 'ghosts', count(*) FROM heard_of
            WHERE id NOT IN (SELECT id FROM charge UNION SELECT id FROM parcel);

        """
    }
}
