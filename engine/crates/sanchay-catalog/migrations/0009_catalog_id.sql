-- Tells this catalog from every other one: what is kept elsewhere of its rows, such as the daemon's roots, goes by it.
INSERT INTO meta VALUES ('catalog_id', 1 + abs(random() % 9000000000000000000));
