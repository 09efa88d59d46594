package config

import (
	"regexp"
	"slices"
	"strings"
)

// maxRetries is the most that a pool may have: with more, what can't be mended by
// repeating keeps the server busy with nothing else.
const maxRetries = 100

// retryClasses are the errors that Retry knows by a name.
var retryClasses = []string{"connection", "operational", "serialization", "deadlock"}

// sqlState is how SQL writes an error's code: a class of two, then three more.
var sqlState = regexp.MustCompile(`^[0-9A-Z]{5}$`)

// retry looks at retries, when they are on.
func (k *checker) retry(p Pool, what string) {
	r := p.Retry
	if r.MaxRetries == 0 {
		unused(k, p.Source, what, "retry", retrySettings, r, "max_retries", "3")
		return
	}
	if r.MaxRetries < 0 || r.MaxRetries > maxRetries {
		k.wrong(p.Source, "retry.max_retries", what, "", "want a number from 0 to %d, not %d", maxRetries, r.MaxRetries)
	}
	k.timings(p.Source, what, timing{"retry.retry_delay", r.RetryDelay, true})
	if !isFactor(r.BackoffFactor) {
		k.wrong(p.Source, "retry.backoff_factor", what, "write 1 for delays that stay the same", "want at least 1, not %s", show(r.BackoffFactor))
	}
	for i, e := range r.RetryableErrors {
		if slices.Contains(retryClasses, e) || sqlState.MatchString(e) {
			continue
		}
		setting := element("retry.retryable_errors", i)
		k.wrong(p.Source, setting, what, retryable(e), "%s is neither a class of errors nor a SQLSTATE", quote(p.Source, "retry.retryable_errors", e))
	}
}

// retryable advises on what names no error. It quotes nothing of e, which may be
// a secret.
func retryable(e string) string {
	if strings.ContainsAny(e, "0123456789") && sqlState.MatchString(strings.ToUpper(e)) {
		return "write a SQLSTATE in capitals, such as \"40P01\""
	}
	if advice := didYouMean(e, retryClasses); strings.HasPrefix(advice, "did you mean") {
		return advice
	}
	return "write one of: " + strings.Join(retryClasses, ", ") + "; or a SQLSTATE, such as \"55P03\""
}
