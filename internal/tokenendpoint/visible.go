package tokenendpoint

import "example.com/tokenkeeper/internal/secret"

// What is explained of a config is printed on terminals, and a config may come from
// anybody: what could move a cursor, change a title or turn the reading direction is
// escaped in all of it, here.

// visible returns m as it may be printed.
func (m Message) visible() Message {
	m.Method, m.URL = secret.Visible(m.Method), secret.Visible(m.URL)
	m.Headers = visibleFields(m.Headers)
	m.Body = secret.VisibleBut(m.Body, "\n\t")
	notes := m.Notes
	m.Notes = nil
	for _, n := range notes {
		m.Notes = append(m.Notes, secret.Visible(n))
	}
	return m
}

func visibleFields(fields []Field) []Field {
	out := make([]Field, len(fields))
	for i, f := range fields {
		out[i] = Field{secret.Visible(f.Name), secret.Visible(f.Value)}
	}
	return out
}

// visible returns j as it may be printed.
func (j SignedJWT) visible() SignedJWT {
	j.Name, j.Key = secret.Visible(j.Name), secret.Visible(j.Key)
	j.Header, j.Claims = visibleFields(j.Header), visibleFields(j.Claims)
	return j
}
