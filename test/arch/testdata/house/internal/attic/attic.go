package attic // want "internal/attic is not in the table"
