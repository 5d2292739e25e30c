package localstore

// Disk and File let tests take the place of the file system's.
type (
	Disk = disk
	File = file
)

// OpenOn opens a directory that is changed by way of a disk around the real one.
func OpenOn(dir string, around func(Disk) Disk) (*Dir, error) {
	d, err := Open(dir)
	if err != nil {
		return nil, err
	}
	d.disk = around(d.disk)
	return d, nil
}

// OpenAs opens a directory as the user with that id would.
func OpenAs(dir string, uid int) (*Dir, error) {
	d, err := Open(dir)
	if err != nil {
		return nil, err
	}
	d.uid = uid
	return d, nil
}
