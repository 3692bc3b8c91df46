-- Up to when TAPD was asked what changed in a project, for webhooks get lost.

ALTER TABLE workspaces ADD COLUMN rechecked_at TIMESTAMPTZ;
COMMENT ON COLUMN workspaces.rechecked_at IS 'when TAPD was last asked what changed there; null: never yet';
