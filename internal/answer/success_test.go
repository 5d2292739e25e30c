package answer_test

import (
	"testing"

	"example.com/tokenkeeper/internal/answer"
)

// What says that an answer with a good status is none. Where success or error is stated, it
// decides alone; a description never does.
func TestWhatDenies(t *testing.T) {
	condition := func(text string) answer.Condition {
		c, wrong := answer.ParseCondition(text)
		if wrong != nil {
			t.Fatalf("%s: %+v", text, wrong)
		}
		return c
	}
	at := func(text string) answer.Source { return answer.Source{Path: path(t, text)} }
	none := answer.Outcome{}
	for _, row := range []struct {
		name, body string
		outcome    answer.Outcome
		denied     bool
		said       answer.Said
	}{
		{"nothing", `{}`, none, false, answer.Said{}},
		{"null", `{"error": null}`, none, false, answer.Said{}},
		{"an empty text", `{"error": " "}`, none, false, answer.Said{}},
		{"zero as text", `{"error": "0"}`, none, false, answer.Said{}},
		{"many zeros", `{"error": "00000"}`, none, false, answer.Said{}},
		{"zero", `{"error": 0}`, none, false, answer.Said{}},
		{"none", `{"error": "none"}`, none, false, answer.Said{}},
		{"no error", `{"error": "No Error"}`, none, false, answer.Said{}},
		{"false", `{"error": false}`, none, false, answer.Said{}},
		{"an empty object", `{"error": {}}`, none, false, answer.Said{}},
		{"an empty list", `{"error": []}`, none, false, answer.Said{}},
		{"a list of nothing", `{"error": [null, "", {}]}`, none, false, answer.Said{}},
		{"a list of an error", `{"error": [{"code": "locked"}]}`, none, true, answer.Said{}},
		{"not applicable", `{"error": "N/A"}`, none, false, answer.Said{}},
		{"an object that repeats the status", `{"error": {"code": 200, "message": "OK"}}`, none, false, answer.Said{Text: "OK"}},
		{"an object that says ok", `{"error": {"code": "ok", "message": "", "log_id": "2026"}}`, none, false, answer.Said{}},
		{"an object that says ok, with words", `{"error": {"code": "OK", "message": "all is well"}}`, none, false, answer.Said{Text: "all is well"}},
		{"an object whose code is zero", `{"error": {"code": 0, "message": "success"}}`, none, false, answer.Said{Text: "success"}},
		{"an object of nothing", `{"error": {"code": "", "message": null}}`, none, false, answer.Said{}},
		{"a word", `{"error": "invalid_client"}`, none, true, answer.Said{Code: "invalid_client"}},
		{"a sentence", `{"error": "You cannot."}`, none, true, answer.Said{Text: "You cannot."}},
		{"an object with a code", `{"error": {"code": "locked", "message": "x"}}`, none, true, answer.Said{Code: "locked", Text: "x"}},
		{"an object with words", `{"error": {"message": "x"}}`, none, true, answer.Said{Text: "x"}},
		{"a number", `{"error": 17, "message": "x"}`, none, true, answer.Said{Text: "x"}},
		{"an object whose code is an object", `{"error": {"code": {}, "type": "ok", "id": 7}}`, none, false, answer.Said{}},
		{"true", `{"error": true, "message": "bad password"}`, none, true, answer.Said{Text: "bad password"}},
		{"ok: false", `{"ok": false}`, none, true, answer.Said{}},
		{"ok: true", `{"ok": true, "message": "ok"}`, none, false, answer.Said{Text: "ok"}},
		{"WeChat", `{"errcode": 40013, "errmsg": "invalid appid"}`, none, false, answer.Said{Text: "invalid appid"}},
		{"JSON:API", `{"errors": [{"code": "E1", "title": "Denied", "detail": "The client is locked."}]}`, none, false, answer.Said{Text: "The client is locked."}},
		{"GraphQL", `{"data": null, "errors": [{"message": "boom", "path": ["login"]}]}`, none, false, answer.Said{Text: "boom"}},
		{"texts for errors", `{"errorMessages": ["No such user."], "errors": {}}`, none, false, answer.Said{Text: "No such user."}},
		{"a word for errors", `{"errors": "Unauthorized"}`, none, false, answer.Said{Text: "Unauthorized"}},
		{"Apigee", `{"fault": {"faultstring": "Invalid ApiKey", "detail": {"errorcode": "x"}}}`, none, false, answer.Said{Text: "Invalid ApiKey"}},
		{"Salesforce", `[{"message": "Session expired", "errorCode": "INVALID_SESSION_ID"}]`, none, false, answer.Said{Text: "Session expired"}},
		{"names of .NET", `{"Message": "Locked", "ErrorMessage": "It is locked."}`, none, false, answer.Said{Text: "It is locked."}},
		{"a code, and errors that say more", `{"error": "invalid_request", "errors": [{"message": "x"}]}`, none, true, answer.Said{Code: "invalid_request", Text: "x"}},
		{"a list of texts is no answer of errors", `["no"]`, none, false, answer.Said{}},
		{"a text is none", `"tok-0123456789"`, none, false, answer.Said{}},

		{"success, and an error of ok", `{"ok": 1, "error": {"code": "ok"}}`, answer.Outcome{Success: condition("error.code=='ok'")}, false, answer.Said{}},
		{"success, whatever the error", `{"done": true, "error": "legacy"}`, answer.Outcome{Success: condition("done")}, false, answer.Said{Code: "legacy"}},
		{"success, and an error that is stated", `{"error": {"code": "ok"}}`, answer.Outcome{Success: condition("error.code=='ok'"), Error: at("error.code")}, false, answer.Said{}},
		{"no success", `{"done": false}`, answer.Outcome{Success: condition("done")}, true, answer.Said{}},
		{"no success, and why", `{"code": 17, "why": "locked"}`, answer.Outcome{Success: condition("code==`0`"), Error: at("why")}, true, answer.Said{Code: "locked"}},
		{"errcode 0, errmsg ok", `{"errcode": 0, "errmsg": "ok"}`, answer.Outcome{Error: at("errcode"), Description: at("errmsg")}, false, answer.Said{Text: "ok"}},
		{"errcode 40013", `{"errcode": 40013, "errmsg": "invalid appid"}`, answer.Outcome{Error: at("errcode"), Description: at("errmsg")}, true, answer.Said{Text: "invalid appid"}},
		{"a description alone", `{"message": "ok"}`, answer.Outcome{Description: at("message")}, false, answer.Said{Text: "ok"}},
		{"a description alone, of a failure", `{"message": "no"}`, answer.Outcome{Description: at("message")}, false, answer.Said{Text: "no"}},
		{"a stated error that is a sentence", `{"errcode": "You cannot."}`, answer.Outcome{Error: at("errcode")}, true, answer.Said{Text: "You cannot."}},
		{"a stated error beside another", `{"error": "legacy", "err": null}`, answer.Outcome{Error: at("err")}, false, answer.Said{Code: "legacy"}},
	} {
		m := message(row.body)
		sel := answer.Wanted{Outcome: row.outcome}.Select(m, m.Decode(""))
		if sel.Denied() != row.denied || sel.Said() != row.said {
			t.Errorf("%s: denied %v, said %+v", row.name, sel.Denied(), sel.Said())
		}
	}
}

// Any status of 2xx says success, unless the config says which do.
func TestWhichStatusesSaySuccess(t *testing.T) {
	for status, want := range map[int][2]bool{199: {false, false}, 200: {true, false}, 201: {true, true}, 299: {true, false}, 300: {false, false}, 302: {false, true}} {
		m := &answer.Message{Status: status}
		if got := [2]bool{answer.Outcome{}.Accepts(m), answer.Outcome{Statuses: []int{201, 302}}.Accepts(m)}; got != want {
			t.Errorf("%d: %v", status, got)
		}
	}
}
