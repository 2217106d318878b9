package purge

import (
	"strings"

	"crmkit/crm"
	"crmkit/server/web"
)

// StepUpCode returns the mailed code in a request, "" if it has none. The header exists because
// logs of proxies have the query but not the headers. Two codes that differ are invalid_value.
func StepUpCode(rq *web.Request) (string, error) {
	param, header := rq.Params.Get("code"), rq.Header.Get("X-Escalation-Code")
	if param != "" && header != "" && param != header {
		return "", crm.Errorf(crm.InvalidValue, "?code= and the header X-Escalation-Code have different codes; send only one of them.").On("code")
	}
	if param == "" {
		param = header
	}
	return strings.TrimSpace(param), nil
}
