-- A plan also says who would wait for what WeCom answers about mobiles.

ALTER TABLE rehearsals ADD COLUMN awaited JSONB NOT NULL
    DEFAULT '{"calls_least": 0, "calls_most": 0, "people": 0, "keys": []}';
COMMENT ON COLUMN rehearsals.awaited IS 'links that would wait for lookups: how many people and who, and the calls of a day to user/getuserid';
