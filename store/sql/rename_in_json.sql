-- The same JSON with every text that purge_names knows replaced, at any depth.
-- Fields that hold words of ours are left alone: a userid may be equal to one of them.
CREATE OR REPLACE FUNCTION pg_temp.renamed(value JSONB) RETURNS JSONB
LANGUAGE plpgsql STABLE AS $$
BEGIN
    CASE jsonb_typeof(value)
        WHEN 'string' THEN
            RETURN coalesce((
                SELECT to_jsonb(new) FROM purge_names WHERE old = value #>> '{}'
            ), value);
        WHEN 'array' THEN
            RETURN coalesce((
                SELECT jsonb_agg(pg_temp.renamed(element) ORDER BY place)
                FROM jsonb_array_elements(value)
                    WITH ORDINALITY AS elements (element, place)
            ), value);
        WHEN 'object' THEN
            RETURN coalesce((
                SELECT jsonb_object_agg(field, CASE
                    WHEN field IN (
                        'activation', 'employment', 'grounds', 'removal', 'state'
                    ) THEN part
                    ELSE pg_temp.renamed(part)
                END)
                FROM jsonb_each(value) AS fields (field, part)
            ), value);
        ELSE
            RETURN value;
    END CASE;
END
$$
