package wire // want "wire has a build constraint"
