-- The shape of the names under which one SKU is sold.
CREATE OR REPLACE TEMP TABLE sku_names (name VARCHAR NOT NULL)
