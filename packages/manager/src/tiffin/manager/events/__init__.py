"""Events: what happens to containers, images and the rest, told to whoever subscribes.

`exchange` takes them in and numbers them, `recent` keeps the last ones, `subscription` reads them, `envelope` is one,
`checking` says which are accepted, `fields` is what filters see of them, `lost` tells a reader of those that are gone.
"""
