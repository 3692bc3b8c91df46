"""The API's routes about full reads, held plans and rehearsals."""
