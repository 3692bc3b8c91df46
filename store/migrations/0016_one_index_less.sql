-- The primary key begins with the same column: this index was only written, never needed.

DROP INDEX inbox_by_event;
