package dump

import (
	"encoding/binary"
	"fmt"
	"io"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Largest is how long a document may be: 16 MiB, and what the server adds.
const Largest = 16<<20 + 16<<10

// Collection is what its .metadata.json says of it.
type Collection struct {
	Database string   `bson:"-"`
	Options  bson.D   `bson:"options"`
	Indexes  []bson.D `bson:"indexes"`
	UUID     string   `bson:"uuid,omitempty"`
	Name     string   `bson:"collectionName"`
	Type     string   `bson:"type"`
}

// Namespace is DATABASE.COLLECTION.
func (c *Collection) Namespace() string { return c.Database + "." + c.Name }

// Metadata is the collection as the tools write it: canonical extended JSON.
func (c *Collection) Metadata() ([]byte, error) {
	if c.Options == nil {
		c.Options = bson.D{}
	}
	if c.Indexes == nil {
		c.Indexes = []bson.D{}
	}
	return bson.MarshalExtJSON(c, true, false)
}

func readMetadata(database string, text []byte) (*Collection, error) {
	c := &Collection{Database: database}
	if err := bson.UnmarshalExtJSON(text, true, c); err != nil {
		return nil, fmt.Errorf("error parsing metadata for %s: %w", database, err)
	}
	return c, nil
}

// document reads one; io.EOF where nothing follows. Where length is -1, the four bytes of a terminator stood there.
func document(from io.Reader) (document bson.Raw, length int32, err error) {
	var head [4]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, 0, err
	}
	length = int32(binary.LittleEndian.Uint32(head[:]))
	if length == -1 {
		return nil, length, nil
	}
	if length < 5 || length > Largest {
		return nil, length, fmt.Errorf("invalid BSON document length: %d", length)
	}
	document = make(bson.Raw, length)
	copy(document, head[:])
	if _, err := io.ReadFull(from, document[4:]); err != nil {
		return nil, length, io.ErrUnexpectedEOF
	}
	if err := document.Validate(); err != nil {
		return nil, length, fmt.Errorf("corrupted BSON document: %w", err)
	}
	return document, length, nil
}
