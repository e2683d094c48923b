package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/obol-ike/obol/internal/lab"
	"github.com/obol-ike/obol/internal/sim"
	"github.com/obol-ike/obol/test/script"
)

// noteLines is how many debug lines the note prints.
const noteLines = 195

// noteSteps are the steps of the note's exchanges, in the order in which a router
// takes them: a step is what the router prints up to a line that matches its end,
// from where the step before it ended or, if that is further, from the first line
// that matches its beginning.
var noteSteps = []struct{ scenario, router, step, begin, end string }{
	// IOS names the profile when the tunnel asks for an SA: that belongs to MM3 in the note.
	{"r1-initiates", "R1", "builds MM3", ``, `New State = IKE_I_MM3$`},
	{"r1-initiates", "R2", "reads MM3", `received packet .* MM_SA_SETUP$`, `IKE_PROCESS_MAIN_MODE$`},
	{"r1-initiates", "R2", "builds MM4", ``, `New State = IKE_R_MM4$`},
	{"r1-initiates", "R1", "reads MM4", `received packet .* MM_SA_SETUP$`, `IKE_PROCESS_MAIN_MODE$`},
	{"r1-initiates", "R1", "builds MM5", ``, `New State = IKE_I_MM5$`},
	{"r1-initiates", "R2", "reads MM5", `received packet .* MM_KEY_EXCH$`, `IKE_PROCESS_MAIN_MODE$`},
	{"r1-initiates", "R2", "builds MM6", ``, `New State = IKE_P1_COMPLETE$`},
	{"r1-initiates", "R1", "reads MM6", `received packet .* MM_KEY_EXCH$`, `New State = IKE_P1_COMPLETE$`},

	{"r2-initiates", "R2", "builds MM3", `Old State = IKE_I_MM2 New State = IKE_I_MM2$`, `New State = IKE_I_MM3$`},
	{"r2-initiates", "R1", "reads MM3", `received packet .* MM_SA_SETUP$`, `IKE_PROCESS_MAIN_MODE$`},
	{"r2-initiates", "R1", "builds MM4", ``, `New State = IKE_R_MM4$`},
	{"r2-initiates", "R2", "reads MM4", `received packet .* MM_SA_SETUP$`, `IKE_PROCESS_MAIN_MODE$`},
	{"r2-initiates", "R2", "builds MM5", ``, `New State = IKE_I_MM5$`},
	{"r2-initiates", "R1", "reads MM5, refuses the certificate", `received packet .* MM_KEY_EXCH$`, `Unknown error in cert validation, -1$`},

	{"ikev2-overlapping-profiles", "responder", "reads IKE_AUTH", `Next payload: ENCR, .* IKE_AUTH, flags: INITIATOR`, `Verify peer's policy$`},
	{"ikev2-overlapping-profiles", "responder", "looks for the IPsec policy", `Generating IKE_AUTH message$`, `Building packet for encryption`},
	{"ikev2-certificates", "initiator", "reads IKE_SA_INIT response", `Processing IKE_SA_INIT message$`, `Generate my authentication data$`},
	{"ikev2-certificates", "initiator", "builds IKE_AUTH request", ``, `Sending Packet`},
	{"ikev2-no-trustpoint", "initiator", "reads IKE_SA_INIT response, cannot sign", `Received Packet .* IKE_SA_INIT`, `Deleting SA$`},
	{"ikev2-r2-initiates", "R2", "reads IKE_SA_INIT response", `Received Packet .* IKE_SA_INIT`, `Generate my authentication data$`},
	{"ikev2-r2-initiates", "R1", "reads IKE_AUTH request, refuses the certificate", `Next payload: ENCR, .* IKE_AUTH, flags: INITIATOR`, `Deleting SA$`},
}

// wrapped are the three lines whose second row the copy of the note lost. The note
// prints the messages whole, and so they are compared.
var wrapped = map[string]string{
	"r1-initiates | R2 | builds MM4 | ISAKMP (<SA>): constructing CERT_REQ for issuer ou=Class 3 Public Primary Certification Authority,":   "o=VeriSign, Inc.,c=US",
	"r1-initiates | R2 | reads MM5 | ISAKMP (<SA>): ID payload next-payload : 6 type : 2 FQDN name : R1.cisco.com protocol : 17 port : 500": " length : 20",
	"r2-initiates | R1 | reads MM5, refuses the certificate | ISAKMP (<SA>): ID payload":                                                    " next-payload : 6 type : 2 FQDN name : R2.cisco.com protocol : 17 port : 500 length : 20",
}

// counted are the lines that stand in a step exactly as often as in the note.
var counted = []string{"constructing CERT_REQ", "peer wants cert issued by", "Choosing trustpoint", "keypair to sign", "Retrieved trustpoint(s)"}

var isakmpNumber = regexp.MustCompile(`^ISAKMP(?::| )\(([^)]+)\):{1,2}`)

// same brings a line into the form in which it is compared: blanks and line breaks
// are one blank, IOS's three spellings of the SA's number are one, a comma at the
// end does not count.
func same(line string) string {
	line = isakmpNumber.ReplaceAllString(blanks.ReplaceAllString(strings.TrimSpace(line), " "), "ISAKMP:($1):")
	line = strings.TrimSuffix(strings.TrimSpace(line), ",")
	// The note spells it both ways in one exchange; obol has one.
	return strings.ReplaceAll(line, "IKE_MSG_FROM_PEER", "IKE_MESG_FROM_PEER")
}

// numbers are what <SA> and <PKI> stand for, of one router in one exchange.
type numbers map[string]string

var placeholder = regexp.MustCompile(`<SA>|<PKI>`)

// match compares a line of the note with one that was printed. A placeholder that
// has no value yet takes the one it meets.
func (n numbers) match(note, printed string) bool {
	names := placeholder.FindAllString(note, -1)
	pattern := "^"
	for i, part := range placeholder.Split(note, -1) {
		pattern += regexp.QuoteMeta(part)
		if i == len(names) {
			break
		}
		if value, ok := n[names[i]]; ok {
			pattern += "(" + value + ")"
		} else {
			pattern += map[string]string{"<SA>": `([1-9]\d*)`, "<PKI>": `([0-9A-F]+)`}[names[i]]
		}
	}
	found := regexp.MustCompile(pattern + "$").FindStringSubmatch(printed)
	for i, name := range names {
		if found != nil {
			n[name] = found[i+1]
		}
	}
	return found != nil
}

// TestTranscripts runs the exchanges of the note, as scenarios and in the
// laboratory, and finds, router by router and step by step, every line that the note
// prints, in its order.
func TestTranscripts(t *testing.T) {
	for name, printed := range map[string]func(*testing.T, string) map[string][]string{
		"scenario": everythingPrinted, "laboratory": printedInTheLaboratory,
	} {
		t.Run(name, func(t *testing.T) { transcripts(t, printed) })
	}
}

func transcripts(t *testing.T, printed func(*testing.T, string) map[string][]string) {
	blocks := map[string]block{}
	for _, b := range readBlocks(t, "testdata/transcripts.txt") {
		blocks[b.scenario+" | "+b.router+" | "+b.step] = b
	}
	routers := map[string]string{"R1": "R1", "R2": "R2", "initiator": "R1", "responder": "R2"}
	logs := map[string][]string{}    // by scenario and router, what is left to be read
	bound := map[string]numbers{}    // likewise
	exchanged := map[string]string{} // by scenario, all that both print
	found := 0
	for _, step := range noteSteps {
		title := step.scenario + " | " + step.router + " | " + step.step
		one := step.scenario + routers[step.router]
		if bound[one] == nil {
			all := printed(t, "note-"+step.scenario)
			for name, lines := range all {
				logs[step.scenario+name], bound[step.scenario+name] = lines, numbers{}
			}
			exchanged[step.scenario] = strings.Join(slices.Concat(all["R1"], all["R2"]), "\n")
		}
		t.Run(title, func(t *testing.T) {
			var lines []string
			lines, logs[one] = cut(t, logs[one], step.begin, step.end)
			found += compare(t, title, blocks[title].lines, lines, bound[one])
		})
		delete(blocks, title)
	}
	t.Run("payloads", func(t *testing.T) {
		const title = "ikev2-certificates | both | the payloads of the four messages, in order"
		for _, line := range blocks[title].lines {
			message, payloads, _ := strings.Cut(line, ": ")
			exchange, kind, _ := strings.Cut(message, " ")
			want := fmt.Sprintf("IKEv2 %s Exchange %s Payload contents: %s \n", exchange, strings.ToUpper(kind), payloads)
			if !strings.Contains(exchanged["ikev2-certificates"]+"\n", want) {
				t.Errorf("not exchanged: %s", line)
			}
		}
		delete(blocks, title)
	})
	for title := range blocks {
		t.Errorf("no step of %s", title)
	}
	t.Logf("%d of the note's %d debug lines", found, noteLines)
	if found != noteLines {
		t.Fail()
	}
}

// printedInTheLaboratory is everythingPrinted of the laboratory's run of a
// scenario's first attempt, with the certificates as configurations have them.
func printedInTheLaboratory(t *testing.T, name string) map[string][]string {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	complete(t, archive)
	setup := script.New(archive, configs, 2048)
	var initiator string
	for line := range strings.Lines(string(archive.Comment)) {
		words := strings.Fields(line)
		if len(words) > 0 && words[0] == "try" {
			initiator = words[1]
			break
		}
		if len(words) > 0 && slices.Contains([]string{"config", "enrol", "drop", "add"}, words[0]) {
			if err := setup.Command(strings.TrimSpace(line)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var sources [2]lab.Source
	for i, r := range setup.Routers {
		sources[i] = lab.Source{File: r.Name + ".cfg", Text: []byte(r.Config + r.Chains() + r.Order())}
	}
	pair, err := lab.Prepare(sources[0], sources[1], sim.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	said, err := lab.Run(pair, lab.Options{Initiator: initiator})
	if err != nil {
		t.Fatal(err)
	}
	logs := map[string][]string{}
	for _, x := range said.Directions[0].Exchange.World.Routers {
		for _, l := range log(&router{Router: x}) {
			logs[x.Name] = append(logs[x.Name], blanks.ReplaceAllString(l, " "))
		}
	}
	return logs
}

// cut gives a step's lines, and those behind it.
func cut(t *testing.T, lines []string, begin, end string) (step, rest []string) {
	t.Helper()
	at := func(lines []string, pattern string) int {
		i := slices.IndexFunc(lines, regexp.MustCompile(pattern).MatchString)
		if i < 0 {
			t.Fatalf("no line %q in\n\t%s", pattern, strings.Join(lines, "\n\t"))
		}
		return i
	}
	lines = lines[at(lines, begin):]
	n := at(lines, end) + 1
	return lines[:n], lines[n:]
}

// compare counts the lines of a block that stand in their order among those of its
// step.
func compare(t *testing.T, title string, note, printed []string, n numbers) (found int) {
	t.Helper()
	if strings.HasPrefix(title, "ikev2-no-trustpoint") {
		// What the PKI prints beneath two questions has no order in the note.
		var pki, ours []string
		note, pki = part(note, "CRYPTO_PKI: ")
		printed, ours = part(printed, "CRYPTO_PKI: ")
		if slices.Sort(pki); slices.Equal(pki, slices.Sorted(slices.Values(ours))) {
			found += len(pki)
		} else {
			t.Errorf("the PKI prints\n\t%s", strings.Join(ours, "\n\t"))
		}
	}
	count := map[string]int{}
	for _, line := range printed {
		for _, kind := range counted {
			if strings.Contains(line, kind) {
				count[kind]++
			}
		}
	}
	rest := printed
	for _, line := range note {
		for _, kind := range counted {
			if strings.Contains(line, kind) {
				count[kind]--
			}
		}
		line += wrapped[title+" | "+line]
		i := slices.IndexFunc(rest, func(p string) bool { return n.match(same(line), same(p)) })
		if i < 0 {
			t.Errorf("missing: %s\nin what follows:\n\t%s", line, strings.Join(rest, "\n\t"))
			continue
		}
		rest = rest[i+1:]
		found++
	}
	for kind, n := range count {
		if n != 0 {
			t.Errorf("%q stands %d times too often", kind, n)
		}
	}
	return found
}

// part takes the lines with a prefix out.
func part(lines []string, prefix string) (others, with []string) {
	for _, line := range lines {
		if strings.HasPrefix(line, prefix) {
			with = append(with, line)
		} else {
			others = append(others, line)
		}
	}
	return others, with
}
