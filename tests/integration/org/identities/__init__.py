"""Who is who: new userids, names handed on, two records of one person."""
