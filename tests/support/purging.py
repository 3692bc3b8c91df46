"""Which tables a purge has to think of, and which a plan may write to."""

# What a plan is recorded in, and what its reading needs and learns.
TABLES_OF_A_PLAN = {
    "known_answers",
    "pauses",
    "rehearsals",
    "rehearsed",
    "run_pages",
    "runs",
    "staging",
    "tokens",
}

# Each of these is filled by `populate` or by the link, or names nobody.
TABLES_OF_A_CORP = {
    "absences",
    "alerts",
    "aliases",
    "audit",  # Kept for good: what it says of a corp is sealed by the corp's key.
    "card_answers",
    "censuses",
    "company_acts",
    "corps",
    "deliveries",  # Numbers alone.
    "departments",  # Numbers and names of departments: they stay.
    "inbox",
    "installs",
    "item_answers",
    "item_notices",  # Numbers of ours, and nicks of TAPD's, which stay.
    "item_preferences",
    "journal",
    "known_answers",
    "leases",
    "ledger_days",
    "link_claims",
    "links",
    "lookups",
    "mailboxes",
    "member_sessions",
    "members",
    "notice_batches",
    "notices",
    "oidc_consents",
    "oidc_grants",
    "oidc_logouts",
    "plan_entries",
    "plans",
    "purge_names",
    "purges",
    "rehearsals",
    "rehearsed",
    "run_requests",  # Keys of our callers.
    "runs",
    "tags",
    "takeovers",
    "testimony",
    "touched",
}
