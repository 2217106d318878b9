package products

import "strings"

// sharedHosts are hosts on which many people and companies have a page or an address, so that none
// of them identifies a company. A page below a subdomain of these (de.linkedin.com) is shared too.
//
// The mail providers are the most used ones of the list that HubSpot documents as free
// (knowledge.hubspot.com, "What domains are blocked when using the forms email domains to block
// feature?"). The networks and marketplaces are those with most visits in Wikipedia's "List of
// social networking services" and "List of online marketplaces". Of site builders the host
// itself is shared; the sites of their customers have a subdomain each, which identifies them
// (the private domains of publicsuffix.org).
var sharedHosts = set(`
	gmail.com googlemail.com yahoo.com ymail.com yahoo.co.uk yahoo.fr yahoo.de yahoo.es yahoo.it yahoo.co.jp yahoo.com.br hotmail.com hotmail.co.uk hotmail.fr
	hotmail.de hotmail.it outlook.com outlook.de outlook.fr live.com live.co.uk live.fr msn.com aol.com icloud.com me.com mac.com proton.me protonmail.com pm.me
	gmx.de gmx.net gmx.com gmx.at gmx.ch web.de t-online.de freenet.de mail.com mail.ru yandex.ru yandex.com bk.ru inbox.ru list.ru zoho.com fastmail.com hey.com
	tutanota.com tuta.io orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr libero.it virgilio.it tiscali.it alice.it bluewin.ch btinternet.com sky.com
	virginmedia.com ntlworld.com talktalk.net comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net rogers.com shaw.ca
	bigpond.com optusnet.com.au xtra.co.nz uol.com.br bol.com.br terra.com.br qq.com 163.com 126.com sina.com naver.com daum.net hanmail.net rediffmail.com seznam.cz
	wp.pl onet.pl o2.pl interia.pl abv.bg ukr.net

	facebook.com fb.com fb.me instagram.com linkedin.com lnkd.in twitter.com x.com t.co youtube.com youtu.be tiktok.com pinterest.com snapchat.com reddit.com
	threads.net bsky.app mastodon.social vk.com ok.ru weibo.com xing.com meetup.com discord.com discord.gg telegram.me t.me wa.me whatsapp.com tumblr.com vimeo.com
	twitch.tv quora.com medium.com substack.com behance.net dribbble.com github.com gitlab.com bitbucket.org angel.co wellfound.com crunchbase.com yelp.com
	tripadvisor.com trustpilot.com glassdoor.com indeed.com google.com goo.gl g.page

	amazon.com amazon.co.uk amazon.de amazon.fr amazon.es amazon.it amazon.co.jp amazon.in amazon.ca ebay.com ebay.de ebay.co.uk etsy.com alibaba.com aliexpress.com
	mercadolibre.com mercadolivre.com.br rakuten.co.jp allegro.pl zalando.de otto.de walmart.com shopee.com lazada.com booking.com airbnb.com fiverr.com upwork.com
	gumroad.com patreon.com kickstarter.com apps.apple.com play.google.com

	wix.com wixsite.com wordpress.com blogspot.com weebly.com squarespace.com myshopify.com shopify.com webflow.io notion.site notion.so carrd.co jimdo.com
	jimdosite.com strikingly.com godaddysites.com sites.google.com github.io gitlab.io netlify.app vercel.app pages.dev herokuapp.com linktr.ee bio.link about.me
	calendly.com bit.ly tinyurl.com forms.gle docs.google.com drive.google.com dropbox.com`)

// siteBuilders are the shared hosts below which a subdomain is the site of one customer.
var siteBuilders = set(`wixsite.com wordpress.com blogspot.com weebly.com squarespace.com myshopify.com webflow.io notion.site carrd.co jimdo.com jimdosite.com
	strikingly.com godaddysites.com github.io gitlab.io netlify.app vercel.app pages.dev herokuapp.com substack.com tumblr.com gumroad.com`)

// set returns the words of a text.
func set(text string) map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.Fields(text) {
		words[word] = true
	}
	return words
}

// IsSharedHost reports whether a host, in lower case, is no identity of a company.
func IsSharedHost(host string) bool {
	if sharedHosts[host] {
		return true
	}
	for _, above, found := strings.Cut(host, "."); found; _, above, found = strings.Cut(above, ".") {
		if sharedHosts[above] {
			return !siteBuilders[above]
		}
	}
	return false
}

// frontPages are parts of paths that lead to the first page of a site, besides codes of languages.
var frontPages = set(`home index index.html index.htm index.php default.aspx start startseite accueil inicio about about-us contact contact-us kontakt impressum welcome`)

// IsFrontPage reports whether a part of a path, in lower case, leads to the first page of a site,
// or to a page that every site has once: home, en, de-at, about-us.
func IsFrontPage(part string) bool {
	if frontPages[part] {
		return true
	}
	language, country, both := strings.Cut(strings.ReplaceAll(part, "_", "-"), "-")
	isCode := func(code string) bool {
		return len(code) == 2 && strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") == ""
	}
	return isCode(language) && (!both || isCode(country))
}
