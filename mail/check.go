package mail

import (
	"context"
	"errors"

	gomail "github.com/wneessen/go-mail"
)

// Check connects to the mail server, encrypts the connection and signs in, and sends no
// mail. The error says what failed, without the password.
func (s *Sender) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	j := &job{Message: Message{To: s.from.Address}}
	client, err := gomail.NewClient(s.server.host, append(s.policy(j), s.common(ctx)...)...)
	if err == nil {
		err = client.DialWithContext(ctx)
	}
	if err != nil {
		return errors.New(s.explain(j, err))
	}
	_ = client.Close() // the checks have passed, so an error here has no meaning
	return nil
}
