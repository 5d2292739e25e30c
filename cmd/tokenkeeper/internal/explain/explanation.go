// Package explain shows people what a config comes to and what a login did: requests as they
// are sent, with ${…} for values, and answers without any value. Nothing in it is secret, and
// nothing moves a cursor or turns the reading direction.
package explain

// An Explanation is what a config comes to, for the people who write it.
type Explanation struct {
	// Requests are what is sent, in order; none, where the token is signed here.
	Requests []Message `json:"requests"`
	// Signed are the JWTs that are signed for it.
	Signed []SignedJWT `json:"signed,omitempty"`
	// Answer says where in the last answer, or in the one that has the token, things are.
	Answer []Field `json:"answer,omitempty"`
	// Hosts are what allowed_hosts must name.
	Hosts []string `json:"allowed_hosts"`
	// Signs are the audiences that signs must name.
	Signs []string `json:"signs,omitempty"`
	// Values are the names of the credential's values that are needed.
	Values []string `json:"credential_values"`
}

// A Message is a request. A value in it is shown as ${name}, and what a function makes
// of values is ${function(name)}: nothing secret is in it.
type Message struct {
	// Purpose says what the request is for, in a few words.
	Purpose string  `json:"purpose"`
	Method  string  `json:"method"`
	URL     string  `json:"url"`
	Headers []Field `json:"headers"`
	// Body is as it goes out, but for the line breaks that make it easy to read; of
	// multipart/form-data it has the fields.
	Body string `json:"body,omitempty"`
	// Notes are what else there is to know.
	Notes []string `json:"notes,omitempty"`
}

// A Field is a name and its value.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A SignedJWT is one that is signed with a key of the credential.
type SignedJWT struct {
	// Name is that of the value by which requests send it; "token" where it is the token.
	Name string `json:"name"`
	// Header and Claims are its members. Those that each have anew say so in words.
	Header []Field `json:"header"`
	Claims []Field `json:"claims"`
	// Key is the value that it is signed with.
	Key string `json:"key"`
}
