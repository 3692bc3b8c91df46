"""Which tables a purge has to think of."""

# Each of these is filled by `populate` or by the link, or names nobody.
TABLES_OF_A_CORP = {
    "absences",
    "aliases",
    "card_answers",
    "company_acts",
    "corps",
    "deliveries",  # Numbers alone.
    "departments",  # Numbers and names of departments: they stay.
    "inbox",
    "installs",
    "journal",
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
    "testimony",
    "touched",
}
