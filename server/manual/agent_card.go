package manual

import (
	"encoding/json"
)

// AgentCard returns the document of the A2A protocol (version 1.0, section 4.4) by
// which agents find each other, for a client that reaches the server at base. The
// server is a tool more than an agent, so the card names the two ways to operate it,
// as bindings of its own, and where tokens come from. A client of A2A reads nothing but
// the card before it decides whether it can sign in, so the card repeats the endpoints
// that the OAuth metadata has.
func (m *Manual) AgentCard(base string) (string, error) {
	scopes := object{m.opts.Scope: "what the person chooses on the sign-in page"}
	card, err := json.Marshal(object{
		"name":             "crmkit",
		"description":      "A CRM that AI agents operate: " + m.Kinds("and") + "; and what is due. The manual is at " + base + "/help.",
		"version":          m.opts.Version,
		"documentationUrl": base + "/help",
		"supportedInterfaces": []object{
			{"url": base + "/mcp", "protocolBinding": "MCP", "protocolVersion": "2026-07-28"},
			{"url": base + "/openapi.json", "protocolBinding": "OPENAPI", "protocolVersion": "3.1"},
		},
		"capabilities":       object{"streaming": false, "pushNotifications": false},
		"defaultInputModes":  []string{"application/json"},
		"defaultOutputModes": []string{"text/plain", "application/json"},
		"securitySchemes": object{"oauth": object{"oauth2SecurityScheme": object{
			"oauth2MetadataUrl": base + "/.well-known/oauth-authorization-server",
			"flows":             object{"authorizationCode": object{"authorizationUrl": base + "/authorize", "tokenUrl": base + "/token", "refreshUrl": base + "/token", "scopes": scopes, "pkceRequired": true}},
		}}},
		"securityRequirements": []object{{"schemes": object{"oauth": object{"list": []string{m.opts.Scope}}}}},
		"skills":               m.skills(),
	})
	return string(card), err
}

// skills lists the kinds of records, each as a skill.
func (m *Manual) skills() (list []object) {
	for _, e := range m.opts.Schema.Entities {
		if e.PlanLimited() {
			list = append(list, object{"id": e.Plural, "name": e.Plural, "description": "Keep " + e.Plural + ": " + e.Doc, "tags": []string{"crm", e.Name}})
		}
	}
	return list
}
