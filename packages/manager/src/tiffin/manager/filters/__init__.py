"""containerd's filters: `name==alpine,labels."com.example/team"~=^a`, on anything that can tell its fields.

    selectors := selector ("," selector)*         all of them must be true; of several filters one must be
    selector  := fieldpath (operator value)?      without an operator: the field is there
    fieldpath := field ("." field)*
    field     := quoted | [A-Za-z0-9_]+
    operator  := "==" | "!=" | "~="               the last one: a regular expression as in Go (RE2)
    value     := quoted | anything but space and comma
    quoted    := "..." as in Go; after ~= also /.../ and |...|

Source: the documentation of containerd's package `filters`. `parser` reads them, `filter` is what they become,
`adaptors` tells the fields of each kind of thing.
"""
