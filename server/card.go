package server

import (
	"crmkit/crm"
	"crmkit/render"
)

// agentCard answers GET /.well-known/agent-card.json, the document of the A2A
// protocol (version 1.0, section 4.4) by which agents find each other. The server
// is a tool more than an agent, so the card names the two ways to operate it, as
// bindings of its own, and where tokens come from.
func (s *Server) agentCard(rq *request) (*render.Response, error) {
	base := s.base(rq)
	scopes := jsonObject{scopeWord: "what the person chooses on the sign-in page"}
	return sendJSON(jsonObject{
		"name":             "crmkit",
		"description":      "A CRM that AI agents operate: " + s.kinds("and") + "; and what is due. The manual is at " + base + "/help.",
		"version":          s.opts.Version,
		"documentationUrl": base + "/help",
		"supportedInterfaces": []jsonObject{
			{"url": base + "/mcp", "protocolBinding": "MCP", "protocolVersion": "2026-07-28"},
			{"url": base + "/openapi.json", "protocolBinding": "OPENAPI", "protocolVersion": "3.1"},
		},
		"capabilities":       jsonObject{"streaming": false, "pushNotifications": false},
		"defaultInputModes":  []string{"application/json"},
		"defaultOutputModes": []string{"text/plain", "application/json"},
		"securitySchemes": jsonObject{"oauth": jsonObject{"oauth2SecurityScheme": jsonObject{
			"oauth2MetadataUrl": base + "/.well-known/oauth-authorization-server",
			"flows":             jsonObject{"authorizationCode": jsonObject{"authorizationUrl": base + "/authorize", "tokenUrl": base + "/token", "refreshUrl": base + "/token", "scopes": scopes, "pkceRequired": true}},
		}}},
		"securityRequirements": []jsonObject{{"schemes": jsonObject{"oauth": jsonObject{"list": []string{scopeWord}}}}},
		"skills":               s.cardSkills(),
	}), nil
}

// cardSkills are the kinds of records, each as a skill.
func (s *Server) cardSkills() (list []jsonObject) {
	for _, e := range s.schema.Entities {
		if e.Can(crm.Create) && !e.RandomID {
			list = append(list, jsonObject{"id": e.Plural, "name": e.Plural, "description": "Keep " + e.Plural + ": " + e.Doc, "tags": []string{"crm", e.Name}})
		}
	}
	return list
}
