package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// EnvPrefix is how the names of the variables begin that [SettingsFromEnv] reads.
const EnvPrefix = "UNO_DB_"

// DatabaseSettings are one database as the environment has it: each setting is the
// variable of that name after a prefix, as UNO_DB_USER. They print without the
// password, and are safe for concurrent use.
type DatabaseSettings struct {
	User     string `env:"USER,notEmpty"`
	Password Secret `env:"PASSWORD"` // or that of the file that PASSWORD_FILE names
	Host     string `env:"HOST" envDefault:"localhost"`
	Port     uint16 `env:"PORT" envDefault:"5432"`
	Name     string `env:"NAME,notEmpty"`
	SSLMode  string `env:"SSLMODE" envDefault:"prefer"`
	// PoolSize backends are kept, PoolOverflow more opened under load, and each is
	// replaced at the age of PoolRecycle: seconds, a time with its unit as 30m, or never.
	PoolSize     int           `env:"POOL_SIZE" envDefault:"10"`
	PoolOverflow int           `env:"POOL_OVERFLOW" envDefault:"20"`
	PoolRecycle  time.Duration `env:"POOL_RECYCLE" envDefault:"3600"`
}

// settingKeys are the names of the settings for [DatabaseSettings.Get], with the
// variables that they are read from.
var settingKeys = map[string]string{
	"db_user": "USER", "db_password": "PASSWORD", "db_host": "HOST", "db_port": "PORT", "db_name": "NAME", "db_sslmode": "SSLMODE",
	"db_pool_size": "POOL_SIZE", "db_pool_overflow": "POOL_OVERFLOW", "db_pool_recycle": "POOL_RECYCLE",
}

// SettingsFromEnv reads the settings from UNO_DB_USER and so on; a prefix reads those of
// another database, as "UNO_ANALYTICS_". User and name must be set. Its error tells all
// that is wrong, by the names of the variables, and quotes no password. A variable that is
// set to the empty text is not set. What the variables of libpq say (PGSSLMODE and so on)
// is not looked at.
func SettingsFromEnv(prefix ...string) (DatabaseSettings, error) {
	return readSettings(os.LookupEnv, cmp.Or(strings.Join(prefix, ""), EnvPrefix))
}

func readSettings(lookup func(string) (string, bool), prefix string) (DatabaseSettings, error) {
	values := make(map[string]string)
	for _, name := range settingKeys {
		if v, ok := lookup(prefix + name); ok {
			values[prefix+name] = v
		}
	}
	var wrong []error
	if path, ok := lookup(prefix + "PASSWORD_FILE"); ok && path != "" {
		content, err := os.ReadFile(path)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%sPASSWORD_FILE names no file that can be read: %w", prefix, unnamed(err)))
		}
		values[prefix+"PASSWORD"] = strings.TrimRight(string(content), "\r\n")
	}
	s, err := env.ParseAsWithOptions[DatabaseSettings](env.Options{Prefix: prefix, Environment: values, FuncMap: map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[time.Duration](): func(v string) (any, error) { return secondsOrTime(v) },
	}})
	var all env.AggregateError
	if errors.As(err, &all) {
		for _, e := range all.Errors {
			wrong = append(wrong, explainEnv(e, prefix))
		}
	} else if err != nil {
		wrong = append(wrong, err)
	}
	wrong = append(wrong, s.outOfRange(prefix, unread(all))...)
	if err := errors.Join(wrong...); err != nil {
		return DatabaseSettings{}, err
	}
	return s, nil
}

// unread are the fields that were not read.
func unread(all env.AggregateError) map[string]bool {
	fields := make(map[string]bool)
	for _, e := range all.Errors {
		if p := (env.ParseError{}); errors.As(e, &p) {
			fields[p.Name] = true
		}
	}
	return fields
}

// outOfRange is what was read and can't be: also what would be taken for the default, as 0 is.
func (s DatabaseSettings) outOfRange(prefix string, unread map[string]bool) []error {
	var wrong []error
	say := func(is bool, field, variable, format string, args ...any) {
		if is && !unread[field] {
			wrong = append(wrong, fmt.Errorf("%s%s %s", prefix, variable, fmt.Sprintf(format, args...)))
		}
	}
	what, advice := hostProblem(s.Host, cmp.Or(s.Port, 5432))
	advice = strings.NewReplacer("host = ", prefix+"HOST=", "port = ", prefix+"PORT=", "user = ", prefix+"USER=",
		"password = ", prefix+"PASSWORD=", "database = ", prefix+"NAME=").Replace(advice)
	say(what != "", "Host", "HOST", "names no server: %s: %s", what, advice)
	say(s.Port == 0, "Port", "PORT", "can't be 0: want %s", wants["Port"])
	say(!slices.Contains(tlsModes, s.SSLMode), "SSLMode", "SSLMODE", "is not known: want %s", strings.Join(tlsModes, ", "))
	say(s.PoolSize < 1 || s.PoolSize > maxBackends, "PoolSize", "POOL_SIZE", "is %d: want a number from 1 to %d, or leave it unset for 10", s.PoolSize, maxBackends)
	say(s.PoolOverflow < 0 || s.PoolOverflow > maxBackends, "PoolOverflow", "POOL_OVERFLOW", "is %d: want a number from 0 to %d", s.PoolOverflow, maxBackends)
	say(s.PoolSize <= maxBackends && s.PoolOverflow <= maxBackends && s.PoolSize+s.PoolOverflow > maxBackends, "", "POOL_OVERFLOW",
		"and %sPOOL_SIZE are %d together: want %d at most", prefix, s.PoolSize+s.PoolOverflow, maxBackends)
	say(s.PoolRecycle <= 0, "PoolRecycle", "POOL_RECYCLE", "is %v: want %s", s.PoolRecycle, wants["PoolRecycle"])
	return wrong
}

// unnamed is an error of the file system without the name, which may be a password
// that was put into the wrong variable.
func unnamed(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func secondsOrTime(v string) (time.Duration, error) {
	if v == "never" {
		return Never, nil
	}
	if seconds, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, nil
	}
	return time.ParseDuration(v)
}

// wants are what can't be read should have been.
var wants = map[string]string{
	"Port": "a number from 1 to 65535", "PoolSize": "a whole number", "PoolOverflow": "a whole number", "PoolRecycle": "seconds, or a time with its unit as 30m, or never",
}

func explainEnv(err error, prefix string) error {
	var empty env.EmptyVarError
	var unread env.ParseError
	switch {
	case errors.As(err, &empty):
		return fmt.Errorf("%s is not set in the environment, or is empty: set it", empty.Key)
	case errors.As(err, &unread):
		field, _ := reflect.TypeFor[DatabaseSettings]().FieldByName(unread.Name)
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		return fmt.Errorf("%s%s can't be read: want %s", prefix, name, wants[unread.Name])
	}
	return err
}

// ConnectionString is the database as a URL that [ParseURL], libpq and pgx read, with the
// password: for whom it is meant, not for a log.
func (s DatabaseSettings) ConnectionString() string { return connectionURL(s.Node()) }

// Get is a setting by name, as "db_user" or "db_pool_size", or what is given instead if
// there is none of that name.
func (s DatabaseSettings) Get(key string, otherwise any) any {
	if v, ok := s.All()[key]; ok {
		return v
	}
	return otherwise
}

// All are the settings by name. The password is a [Secret], which prints as stars.
func (s DatabaseSettings) All() map[string]any {
	return map[string]any{
		"db_user": s.User, "db_password": s.Password, "db_host": s.Host, "db_port": s.Port, "db_name": s.Name, "db_sslmode": s.SSLMode,
		"db_pool_size": s.PoolSize, "db_pool_overflow": s.PoolOverflow, "db_pool_recycle": s.PoolRecycle,
	}
}

// Node is the server, and Pool the pool on it, of a database with these settings. They
// have no name yet.
func (s DatabaseSettings) Node() Node {
	return Node{Host: s.Host, Port: s.Port, User: s.User, Password: s.Password, Database: s.Name, TLS: TLS{Mode: s.SSLMode}}
}

// Pool is what there is to say of the pool.
func (s DatabaseSettings) Pool() Pool {
	return Pool{Size: s.PoolSize, MaxOverflow: s.PoolOverflow, MaxLifetime: s.PoolRecycle}
}

// settingNames are the names in a topology: db.user and so on.
func settingNames() []string {
	var names []string
	for key := range maps.Keys(settingKeys) {
		names = append(names, strings.TrimPrefix(key, "db_"))
	}
	slices.Sort(names)
	return names
}
