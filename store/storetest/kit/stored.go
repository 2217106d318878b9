package kit

// StoredTexts returns the columns whose texts are counted as storage, by table. This list is written by hand,
// because the code under test derives its own from the schema.
func StoredTexts() map[string]string {
	return map[string]string{
		"contacts":         "title address other_emails other_phones external_ids name email phone stage pipeline owner tags notes follow_up_note custom created_by updated_by",
		"companies":        "address other_domains external_ids name domain owner tags notes custom created_by updated_by",
		"deals":            "lost_reason external_ids title currency stage pipeline status owner tags notes follow_up_note custom created_by updated_by",
		"tickets":          "external_ids subject content status priority assignee tags custom created_by updated_by",
		"tasks":            "external_ids title assignee priority notes custom created_by updated_by",
		"campaigns":        "external_ids name description status custom created_by updated_by",
		"campaign_members": "external_ids reason created_by updated_by",
		"deal_contacts":    "external_ids role created_by updated_by",
		"activities":       "external_ids kind body on_behalf_of created_by updated_by",
		"views":            "name kind query doc created_by updated_by",
		"fields":           "kind name type options required is_unique ref doc created_by updated_by",
		"pipelines":        "name kind is_default stages created_by updated_by",
		"log":              "id action target before after",
		"origins":          "actor token_id addr",
		"runs":             "name",
		"kept_answers":     "hash request text json",
		"imported":         "source kind id",
	}
}
