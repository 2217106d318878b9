package cells

import (
	"strings"

	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// WebsiteKey is the key of custom for the web site of a person, or of a company that has no
// domain of its own.
const WebsiteKey = "website"

// identifiesCompany reports whether a host or the address of a web page is that of one company.
// A host that many share identifies none, and neither does a page of a site: a group may have
// one page for each of its companies.
func identifiesCompany(text string) bool {
	host, ok := norm.Host(text)
	return ok && !products.IsSharedHost(host) && pageOf(text) == ""
}

// isWebsite reports whether a cell about a company is a web site that does not identify it.
func (row *rowFields) isWebsite(p placedCell) bool {
	unique := row.columns.entity.Target(p.field).Field(row.columns.entity.Target(p.field).Keys.Unique)
	if row.OwnIDs || p.refField == nil || unique == nil || unique.Type != fieldtype.Domain {
		return false
	}
	text := fieldtype.FirstOfCell(Text(p.json))
	if p.refField != unique {
		return isSite(text) && !identifiesCompany(text)
	}
	_, isHost := norm.Host(Text(p.json))
	return (isHost || !p.exact) && !identifiesCompany(text)
}

// pageOf returns the path of a web page, empty if it is the first one of its site in any language.
func pageOf(text string) string {
	if scheme, rest, found := strings.Cut(text, "://"); found && !strings.ContainsAny(scheme, "/?#") {
		text = rest
	}
	_, path, _ := strings.Cut(strings.TrimSpace(text), "/")
	page, _, _ := strings.Cut(path, "#")
	page, _, _ = strings.Cut(page, "?")
	page = strings.ToLower(strings.Trim(page, "/"))
	for part := range strings.SplitSeq(page, "/") {
		if part != "" && !products.IsFrontPage(part) {
			return page
		}
	}
	return ""
}

// withoutWebsites takes the web sites that identify no company out of the cells for a domain:
// they go into custom. A site that does, with more than its host, goes there too.
func (row *rowFields) withoutWebsites(list []placedCell) (domains []placedCell) {
	for _, p := range list {
		var hosts []string
		values := row.valuesOf(p.field.Type, p)
		for _, value := range values {
			identifies := identifiesCompany(value)
			taken := identifies || p.exact && pageOf(value) == "" && !isSharedSite(value)
			if taken {
				hosts = append(hosts, value)
			}
			if host, ok := norm.Host(value); !identifies && ok || identifies && !isBareHost(value, host) {
				row.addWebsite(p, value)
			} else if !taken {
				row.leave(placedCell{p.mapping, p.name, norm.QuoteJSON(value)})
			}
		}
		if len(hosts) == 0 {
			row.setAside(p, row.columns.other(WebsiteKey).path)
			continue
		}
		delete(row.aside, p.name) // only some went elsewhere
		domains = append(domains, placedCell{p.mapping, p.name, norm.QuoteList(hosts)})
	}
	return domains
}

// isSharedSite reports whether a text is a host that many companies share.
func isSharedSite(text string) bool {
	host, ok := norm.Host(text)
	return ok && products.IsSharedHost(host)
}

// isBareHost reports whether an address has nothing but its host.
func isBareHost(text, host string) bool {
	for _, before := range []string{"https://", "http://"} {
		text = strings.TrimPrefix(strings.ToLower(text), before)
	}
	return strings.TrimPrefix(strings.TrimSuffix(text, "/"), "www.") == host
}

// addWebsite keeps a web site under the key for it, or under the name of its column.
func (row *rowFields) addWebsite(p placedCell, site string) {
	json := norm.QuoteJSON(site)
	if !row.setKey(WebsiteKey, json) {
		row.leave(placedCell{p.mapping, p.name, json})
	}
}
