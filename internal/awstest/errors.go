package awstest

import (
	"fmt"
	"net/http"
)

// NotModelled is the code of the answer to whatever the fake has no rules for.
const NotModelled = "NotModelledByAwstest"

// An Error is an answer that is an error.
type Error struct {
	Status  int    // HTTP status
	Code    string // the __type of the answer, such as ResourceNotFoundException
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// refuse makes the answer to a request that the client is to blame for: both
// services speak JSON 1.1, in which such an answer has status 400 whatever it is.
func refuse(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

// invalid is the answer to a member outside the constraints of the service model
// (length, pattern, range), which is not among the documented errors of the
// operations: recorded answers of both services have it.
func invalid(format string, args ...any) *Error {
	return refuse("ValidationException", format, args...)
}

func notModelled(format string, args ...any) *Error {
	return &Error{Status: http.StatusNotImplemented, Code: NotModelled, Message: fmt.Sprintf(format, args...)}
}
