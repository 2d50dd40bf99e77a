// Audits a mirror of a log with Go's own packages for checksum databases, which know nothing of certsvc.
//
//	audit MIRROR VKEY
//
// It verifies the checkpoints (sumdb/note), reads every entry through tiles that are authenticated against the signed
// root (sumdb/tlog), builds every hash tile again out of the entries, and proves each checkpoint from the one before.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

var mirror string

func main() {
	log.SetFlags(0)
	mirror = os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	must(err)
	head := checkpoint("checkpoint", verifier)
	entries := entriesOf(head)
	stored := compareTiles(head, entries)
	compareHistory(head, stored, verifier)
	for i, entry := range entries {
		proof, err := tlog.ProveRecord(head.N, int64(i), stored)
		must(err)
		must(tlog.CheckRecord(proof, head.N, head.Hash, int64(i), tlog.RecordHash(entry)))
	}
	fmt.Println("ok", head.N, head.Hash)
}

// checkpoint is the tree that a note of the log signs: origin, size, root (C2SP tlog-checkpoint).
func checkpoint(name string, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(read(name), note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		log.Fatalf("%s: not the three lines of %s", name, verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	return tlog.Tree{N: size, Hash: root}
}

// entriesOf reads all bundles and compares each entry with its hash, for which the served tiles vouch up to the root.
func entriesOf(head tlog.Tree) [][]byte {
	var entries [][]byte
	var places []int64
	for n := int64(0); int64(len(entries)) < head.N; n++ {
		tile := tlog.Tile{H: height, L: -1, N: n, W: 1 << height}
		if rest := head.N - n<<height; rest < 1<<height {
			tile.W = int(rest)
		}
		data := read(path(tile))
		for i := 0; i < tile.W; i++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				log.Fatalf("%s: cut off", path(tile))
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			places = append(places, tlog.StoredHashIndex(0, int64(len(entries))))
			entries = append(entries, data[2:end])
			data = data[end:]
		}
		if len(data) > 0 {
			log.Fatalf("%s: too long", path(tile))
		}
	}
	hashes, err := tlog.TileHashReader(head, tiles{}).ReadHashes(places)
	must(err)
	for i, entry := range entries {
		if hashes[i] != tlog.RecordHash(entry) {
			log.Fatalf("entry %d: not what its tile says", i)
		}
	}
	return entries
}

// compareTiles builds the tree out of the entries alone; its root and tiles have to be those that are served.
func compareTiles(head tlog.Tree, entries [][]byte) tlog.HashReader {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(places []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, place := range places {
			found = append(found, stored[place])
		}
		return found, nil
	})
	for i, entry := range entries {
		more, err := tlog.StoredHashes(int64(i), entry, reader)
		must(err)
		stored = append(stored, more...)
	}
	compareRoot("checkpoint", head, reader)
	for _, tile := range tlog.NewTiles(height, 0, head.N) {
		served, err := os.ReadFile(filepath.Join(mirror, path(tile)))
		if tile.W < 1<<height && os.IsNotExist(err) {
			continue // a width at which nothing was ever published
		}
		must(err)
		wanted, err := tlog.ReadTileData(tile, reader)
		must(err)
		if !bytes.Equal(served, wanted) {
			log.Fatalf("%s: not what the entries say", path(tile))
		}
	}
	return reader
}

// compareHistory proves every older checkpoint from the one before it.
func compareHistory(head tlog.Tree, stored tlog.HashReader, verifier note.Verifier) {
	var older []tlog.Tree
	must(filepath.WalkDir(filepath.Join(mirror, "checkpoints"), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, err = filepath.Rel(mirror, name)
			older = append(older, checkpoint(name, verifier))
		}
		return err
	}))
	sort.Slice(older, func(i, j int) bool { return older[i].N < older[j].N })
	for i, tree := range append(older, head) {
		compareRoot(fmt.Sprint("checkpoint of size ", tree.N), tree, stored)
		if i > 0 && older[i-1].N > 0 {
			proof, err := tlog.ProveTree(tree.N, older[i-1].N, stored)
			must(err)
			must(tlog.CheckTree(proof, tree.N, tree.Hash, older[i-1].N, older[i-1].Hash))
		}
	}
}

func compareRoot(name string, tree tlog.Tree, stored tlog.HashReader) {
	if tree.N == 0 {
		return // this version of tlog has no root of nothing
	}
	root, err := tlog.TreeHash(tree.N, stored)
	must(err)
	if root != tree.Hash {
		log.Fatalf("%s: the entries lead to another root", name)
	}
}

// tiles are the files of the mirror, for tlog.TileHashReader.
type tiles struct{}

func (tiles) Height() int                     { return height }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		data, err := os.ReadFile(filepath.Join(mirror, path(tile)))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

// path is the name of a tile in C2SP tlog-tiles: tlog's own without the height, and entries for data.
func path(tile tlog.Tile) string {
	name := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
	return strings.Replace(name, "tile/data/", "tile/entries/", 1)
}

func read(name string) []byte {
	data, err := os.ReadFile(filepath.Join(mirror, name))
	must(err)
	return data
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
