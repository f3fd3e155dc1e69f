-- What keeps the table of ids equal to the keys of the partitioned table. It belongs to the table's owner and needs nothing of
-- the tool.
{how} FUNCTION {ids}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {quote}
{body}
{quote};
