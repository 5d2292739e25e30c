package place

import (
	"fmt"
	"strings"

	"example.com/tokenkeeper/internal/refresh"
	"example.com/tokenkeeper/internal/secret"
)

// CodeNotStorable is the code of a document that Parameter Store would refuse.
const CodeNotStorable = "document_not_storable"

// maxDocument is how many bytes a parameter of the advanced tier holds. One of the standard
// tier holds 4,096: Intelligent-Tiering takes the tier that fits (Systems Manager user guide,
// "Managing parameter tiers").
const maxDocument = 8192

// storable returns why Parameter Store would refuse a document, or nil. The error's Remedy says
// how to write it so that it is taken; it has no part of the document in it.
func storable(where string, document secret.Text) *refresh.Error {
	refuse := func(detail, remedy string) *refresh.Error {
		return &refresh.Error{Class: refresh.Misconfigured, Code: CodeNotStorable, Detail: where + ": " + detail, Remedy: remedy}
	}
	text := document.Reveal()
	switch {
	case text == "":
		return refuse("it is empty, and Parameter Store takes no empty value", "put the document")
	case len(text) > maxDocument:
		return refuse(fmt.Sprintf("it has %d bytes, and Parameter Store takes %d", len(text), maxDocument),
			"leave out what is not needed; a credential of up to 65,536 bytes fits where the stack's CredentialStore is secretsmanager")
	case strings.Contains(text, "{{"):
		return refuse("it contains {{, which Parameter Store takes for a reference to another parameter",
			`write {\u007b instead, which is the same in a JSON string`)
	}
	return nil
}
