//! Tables that tell the time otherwise than by a `timestamptz` in UTC: whole conversions, claims that do not hold, zones.

mod refused;
mod whole;
mod zones;

/// Makes ids of a moment in SQL, before PostgreSQL can.
pub(crate) const IDS: &str = "
    CREATE FUNCTION ms(at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS
        $$ SELECT (extract(epoch FROM at) * 1000)::bigint $$;
    CREATE FUNCTION v7(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS
        $$ SELECT (lpad(to_hex(ms(at)), 12, '0') || '7' || substr(md5(random()::text), 1, 3)
                   || '8' || substr(md5(random()::text), 1, 15))::uuid $$;
    CREATE FUNCTION twitter(at timestamptz) RETURNS bigint LANGUAGE sql VOLATILE AS
        $$ SELECT ((ms(at) - 1288834974657) << 22) | (random() * 4194303)::bigint $$;";
