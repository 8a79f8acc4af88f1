package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

var (
	bareKey = regexp.MustCompile(`([{,]\s*)([A-Za-z_$][\w$.]*)\s*:`)
	quoted  = regexp.MustCompile(`^['"](\w+)['"]$`)
)

// parseDocument reads `{ping: 1}`, `'ping'` (as a command) or nothing (an empty document).
func parseDocument(text string) (bson.D, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return bson.D{}, nil
	}
	if name := quoted.FindStringSubmatch(text); name != nil {
		return bson.D{{Key: name[1], Value: 1}}, nil
	}
	var document bson.D
	if bson.UnmarshalExtJSON([]byte(text), false, &document) == nil {
		return document, nil
	}
	document = nil
	text = bareKey.ReplaceAllString(strings.ReplaceAll(text, "'", `"`), `$1"$2":`)
	if err := bson.UnmarshalExtJSON([]byte(text), false, &document); err != nil {
		return nil, fmt.Errorf("SyntaxError: %s is not a document: %w", text, err)
	}
	return document, nil
}

func field(document bson.D, key string) any {
	for _, element := range document {
		if element.Key == key {
			return element.Value
		}
	}
	return nil
}

// withoutRoles leaves out what FerretDB refuses: it knows no roles, and lets every user do everything.
func withoutRoles(document bson.D) bson.D {
	if len(document) == 0 || document[0].Key != "createUser" {
		return document
	}
	for i := range document {
		if document[i].Key == "roles" {
			document[i].Value = bson.A{}
		}
	}
	return document
}

// show writes a value as mongosh does: { ok: 1 }.
func show(value any) string {
	switch v := value.(type) {
	case bson.D:
		if len(v) == 0 {
			return "{}"
		}
		parts := make([]string, len(v))
		for i, element := range v {
			parts[i] = element.Key + ": " + nested(element.Value)
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case bson.A:
		if len(v) == 0 {
			return "[]"
		}
		parts := make([]string, len(v))
		for i, element := range v {
			parts[i] = nested(element)
		}
		return "[ " + strings.Join(parts, ", ") + " ]"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bson.ObjectID:
		return "ObjectId('" + v.Hex() + "')"
	}
	return fmt.Sprint(value)
}

func nested(value any) string {
	if text, ok := value.(string); ok {
		return "'" + text + "'"
	}
	return show(value)
}
