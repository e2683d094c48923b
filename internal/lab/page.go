package lab

import (
	_ "embed" // page.html
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/lint"
)

//go:embed page.html
var pageText string

// WritePage writes the answer as one page of HTML that needs nothing else: the
// verdict and the cure on top, below them each direction as a ladder of messages.
// The same result gives the same octets.
func WritePage(w io.Writer, p *Pair, r *Result) error {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	v := view{Headline: r.headline(), Up: r.Up(), Left: p.Routers[0].Name, Right: p.Routers[1].Name}
	for _, router := range p.Routers {
		v.Files = append(v.Files, router.File)
	}
	for i := range r.Directions {
		v.Directions = append(v.Directions, p.directionView(&r.Directions[i]))
	}
	for _, f := range r.Findings {
		v.Findings = append(v.Findings, findingView{f, p.places(f.Where)})
	}
	for _, x := range r.WhatIf {
		v.WhatIf = append(v.WhatIf, whatIfView{x, p.places([]lint.Place{{File: x.File, Line: x.Line}})[0]})
	}
	return t.Execute(w, v)
}

// view is what the page shows.
type view struct {
	Headline    string
	Up          bool
	Left, Right string
	Files       []string
	Directions  []directionView
	Findings    []findingView
	WhatIf      []whatIfView
}

type directionView struct {
	*Direction
	Sides  []sideView
	Places []placeView
	Rungs  []rungView
}

type sideView struct {
	Side
	Role string
}

// placeView is a line of a configuration with what stands there.
type placeView struct {
	lint.Place
	Text string
}

type findingView struct {
	lint.Finding
	Places []placeView
}

type whatIfView struct {
	WhatIf
	Place placeView
}

type rungView struct {
	rung
	Time    string
	Payload string
	Purpose string
}

func (p *Pair) directionView(d *Direction) directionView {
	v := directionView{Direction: d, Places: p.places(d.Where), Sides: []sideView{{d.Initiator, "starts"}, {d.Responder, "answers"}}}
	for _, r := range p.ladder(d) {
		row := rungView{rung: r, Time: fmt.Sprintf("+%d ms", r.At/time.Millisecond), Payload: strings.Join(r.listed(), ", "), Purpose: purposes[r.Name]}
		if r.Sealed && r.Payloads == nil {
			row.Payload = "encrypted"
		}
		v.Rungs = append(v.Rungs, row)
	}
	return v
}

// places quotes the lines of the configurations.
func (p *Pair) places(list []lint.Place) []placeView {
	var all []placeView
	for _, at := range list {
		v := placeView{Place: at}
		for _, r := range p.Routers {
			if lines := strings.Split(string(r.Text), "\n"); r.File == at.File && at.Line > 0 && at.Line <= len(lines) {
				v.Text = strings.TrimSpace(lines[at.Line-1])
			}
		}
		all = append(all, v)
	}
	return all
}

// headline is the verdict in a sentence.
func (r *Result) headline() string {
	all := r.Directions
	up := 0
	for _, d := range all {
		if d.Result == Up {
			up++
		}
	}
	switch {
	case len(all) == 0:
		return "There is no tunnel to negotiate."
	case len(all) == 1 && up == 1:
		return fmt.Sprintf("%s comes up when %s starts.", all[0].Tunnel, all[0].Initiator.Name)
	case len(all) == 1:
		return fmt.Sprintf("%s does not come up when %s starts.", all[0].Tunnel, all[0].Initiator.Name)
	case len(all) > 2:
		return fmt.Sprintf("%d of %d directions come up.", up, len(all))
	case up == 2:
		return fmt.Sprintf("%s comes up, whoever starts.", all[0].Tunnel)
	case up == 0:
		return fmt.Sprintf("%s does not come up, whoever starts.", all[0].Tunnel)
	}
	works, fails := all[0], all[1]
	if works.Result != Up {
		works, fails = fails, works
	}
	return fmt.Sprintf("%s comes up when %s starts, and not when %s starts.", works.Tunnel, works.Initiator.Name, fails.Initiator.Name)
}

// purposes say what a message is for.
var purposes = map[string]string{
	"MM1": "offers IKE policies", "MM2": "picks one of them",
	"MM3": "key exchange, and whose certificates it wants", "MM4": "key exchange, and whose certificates it wants",
	"MM5": "who it is, and the proof", "MM6": "who it is, and the proof",
	"AM1": "offers IKE policies, key exchange, who it is", "AM2": "picks a policy, key exchange, who it is, and the proof", "AM3": "the proof",
	"QM1": "offers protection for the tunnel's traffic", "QM2": "picks one of the offers", "QM3": "confirms",
	"IKE_SA_INIT request": "offers IKE proposals, key exchange", "IKE_SA_INIT response": "picks a proposal, key exchange, and whose certificates it wants",
	"IKE_INTERMEDIATE request": "another key exchange", "IKE_INTERMEDIATE response": "another key exchange",
	"IKE_AUTH request": "who it is, the proof, and an offer for the tunnel's traffic", "IKE_AUTH response": "who it is, the proof, and the choice for the tunnel's traffic",
	"CREATE_CHILD_SA request": "offers protection for the tunnel's traffic", "CREATE_CHILD_SA response": "picks one of the offers",
	"INFO": "a notification or a deletion", "INFORMATIONAL request": "a notification or a deletion", "INFORMATIONAL response": "an acknowledgement",
	"fragment": "a part of the next message",
}
