//go:build tools

// Package tools pins the real Pulumi CLI, so that go.mod and go.sum name every module of it.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
