// Readers of documents that are written in Go, as programs for `referee parse-suite --parser-cmd`: the document on standard
// input, its media type in MEDIA_TYPE; 0 for accepted, 1 for refused, 3 for a kind that the reader does not read.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/docker/distribution"
	_ "github.com/docker/distribution/manifest/manifestlist"
	_ "github.com/docker/distribution/manifest/ocischema"
	"github.com/docker/distribution/manifest/schema1"
	_ "github.com/docker/distribution/manifest/schema2"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/opencontainers/image-spec/schema"
	bundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

const (
	ociImage      = "application/vnd.oci.image.manifest.v1+json"
	ociIndex      = "application/vnd.oci.image.index.v1+json"
	ociDescriptor = "application/vnd.oci.descriptor.v1+json"
	dockerImage   = "application/vnd.docker.distribution.manifest.v2+json"
	dockerList    = "application/vnd.docker.distribution.manifest.list.v2+json"
	dockerFirst   = "application/vnd.docker.distribution.manifest.v1+json"
	dockerSigned  = "application/vnd.docker.distribution.manifest.v1+prettyjws"
)

// A kind that a reader does not read.
type otherKind struct{}

func (otherKind) Error() string { return "not a kind that this reader reads" }

// The types that go-containerregistry's tools read manifests into.
func goContainerregistry(kind string, document []byte) error {
	var err error
	switch kind {
	case ociImage, dockerImage:
		_, err = v1.ParseManifest(bytes.NewReader(document))
	case ociIndex, dockerList:
		_, err = v1.ParseIndexManifest(bytes.NewReader(document))
	default:
		err = otherKind{}
	}
	return err
}

// The JSON schemas of OCI image, and what its validator adds to them.
func imageSpec(kind string, document []byte) error {
	switch kind {
	case ociImage, ociIndex, ociDescriptor:
		return schema.Validator(kind).Validate(bytes.NewReader(document))
	}
	return otherKind{}
}

// What docker/distribution reads on a push, with the signatures of its first schema.
func dockerDistribution(kind string, document []byte) error {
	switch kind {
	case ociImage, ociIndex, dockerImage, dockerList, dockerSigned:
	default:
		return otherKind{}
	}
	manifest, _, err := distribution.UnmarshalManifest(kind, document)
	if err != nil {
		return err
	}
	if signed, is := manifest.(*schema1.SignedManifest); is {
		// The handler of a push compares the lengths beside the signatures.
		if len(signed.History) != len(signed.FSLayers) {
			return fmt.Errorf("history and layers differ in length")
		}
		_, err = schema1.Verify(signed)
	}
	return err
}

// The protocol buffers of Sigstore.
func protobufSpecs(kind string, document []byte) error {
	if !strings.HasPrefix(kind, "application/vnd.dev.sigstore.bundle") {
		return otherKind{}
	}
	return protojson.Unmarshal(document, &bundle.Bundle{})
}

func main() {
	readers := map[string]func(string, []byte) error{
		"go-containerregistry": goContainerregistry,
		"image-spec":           imageSpec,
		"docker-distribution":  dockerDistribution,
		"protobuf-specs":       protobufSpecs,
	}
	if len(os.Args) != 2 || readers[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: MEDIA_TYPE=TYPE parsers READER < DOCUMENT")
		os.Exit(4)
	}
	document, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(4)
	}
	kind, _, _ := strings.Cut(os.Getenv("MEDIA_TYPE"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	switch err := readers[os.Args[1]](kind, document); err.(type) {
	case nil:
	case otherKind:
		os.Exit(3)
	default:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
