package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
)

// A Question is what a command asks its operator.
type Question struct {
	Kind   QuestionKind
	Prompt string // as IOS prints it, with the blank after it
}

// QuestionKind is what an answer looks like. It goes over the socket as it is.
type QuestionKind string

// Kinds of questions.
const (
	Confirm QuestionKind = "confirm" // yes or no
	Value   QuestionKind = "value"   // one line; an empty one takes the default
	Secret  QuestionKind = "secret"  // one line that nobody sees
	Paste   QuestionKind = "paste"   // lines, up to an empty one or "quit"
)

// MaxReply is the longest answer to a question in octets.
const MaxReply = 1 << 20

// A Terminal is where a command's text goes, and who answers what it asks.
type Terminal struct {
	Out, Err io.Writer
	Ask      func(context.Context, Question) (string, error) // nil: nobody
}

var errNobody = errors.New("nobody is there to answer")

func (t Terminal) ask(ctx context.Context, q Question) (string, error) {
	if t.Ask == nil {
		return "", errNobody
	}
	return t.Ask(ctx, q)
}

// parseQuestion reads an "ask" frame: the kind, a blank, and the prompt.
func parseQuestion(frame []byte) (Question, error) {
	kind, prompt, ok := strings.Cut(string(frame), " ")
	q := Question{QuestionKind(kind), prompt}
	if !ok || !slices.Contains([]QuestionKind{Confirm, Value, Secret, Paste}, q.Kind) {
		return q, fmt.Errorf("a question that is not of %s: %.40q", version, frame)
	}
	return q, nil
}

// replies takes what a client says while its command runs: one reply a question.
// One that nobody asked for is the end of it, as its going is.
type replies struct {
	asked atomic.Bool
	said  chan string
}

// listen reads until the client goes away or says what nobody asked.
func (r *replies) listen(ctx context.Context, from io.Reader) {
	for {
		reply, err := readReply(from)
		if err != nil || !r.asked.CompareAndSwap(true, false) {
			return
		}
		select {
		case r.said <- reply:
		case <-ctx.Done():
			return
		}
	}
}

// Ask asks the client, and waits for as long as the operator thinks.
func (a *Answer) Ask(ctx context.Context, q Question) (string, error) {
	a.replies.asked.Store(true)
	frame := fmt.Sprintf("%s %s", q.Kind, q.Prompt)
	if err := a.write(append(fmt.Appendf(nil, "ask %d\n", len(frame)), frame...)); err != nil {
		return "", err
	}
	select {
	case reply := <-a.replies.said:
		return reply, nil
	case <-ctx.Done():
		return "", errNobody
	}
}

// readReply reads LENGTH LF OCTETS.
func readReply(r io.Reader) (string, error) {
	header, err := readLine(r, 20)
	if err != nil {
		return "", err
	}
	n, err := parseLength(header)
	if err != nil {
		return "", err
	}
	if n > MaxReply {
		return "", fmt.Errorf("an answer of %d octets; at most %d are taken", n, MaxReply)
	}
	var body bytes.Buffer // grows with what arrives
	if _, err := io.CopyN(&body, r, int64(n)); err != nil {
		return "", err
	}
	return body.String(), nil
}

func writeReply(w io.Writer, reply string) error {
	if len(reply) > MaxReply {
		return fmt.Errorf("an answer of %d octets; at most %d are taken", len(reply), MaxReply)
	}
	_, err := fmt.Fprintf(w, "%d\n%s", len(reply), reply)
	return err
}

// confirm asks a question that yes or no answers, as IOS asks again until it is
// one of them.
func (e *exec) confirm(format string, args ...any) (bool, error) {
	for range 3 {
		reply, err := e.ask(Question{Confirm, fmt.Sprintf(format, args...)})
		if err != nil {
			return false, err
		}
		switch word := strings.ToLower(strings.TrimSpace(reply)); {
		case word != "" && strings.HasPrefix("yes", word):
			return true, nil
		case word != "" && strings.HasPrefix("no", word):
			return false, nil
		}
		fmt.Fprintln(e.err, "% Please answer 'yes' or 'no'.")
	}
	return false, errors.New("neither yes nor no")
}

// ask puts a question to whoever gave the command.
func (e *exec) ask(q Question) (string, error) { return e.asker(e.ctx, q) }
