package config

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// service gives what the service file says of the service that is asked for: that of the
// user, then that of the system (PGSYSCONFDIR).
func (p *libpq) service() error {
	p.give("PGSERVICE", map[string]string{"service": p.env("PGSERVICE")})
	p.give("PGSERVICEFILE", map[string]string{"servicefile": p.env("PGSERVICEFILE")})
	asked := p.values["service"]
	if asked.value == "" {
		return nil
	}
	var files []string
	if own := p.values["servicefile"].value; own != "" {
		files = append(files, own)
	} else if home, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(home, ".pg_service.conf"))
	}
	if folder := p.env("PGSYSCONFDIR"); folder != "" {
		files = append(files, filepath.Join(folder, "pg_service.conf"))
	}
	for i, file := range files {
		values, found, err := readService(file, asked.value)
		switch {
		case errors.Is(err, fs.ErrNotExist) && (i > 0 || p.values["servicefile"].value == ""):
			continue
		case err != nil:
			return fmt.Errorf("%s: service %q: %s: %w", asked.from, asked.value, file, unnamed(err))
		case found:
			p.give(fmt.Sprintf("service %q of %s", asked.value, file), values)
			return nil
		}
	}
	return fmt.Errorf("%s: there is no service %q in %s", asked.from, asked.value, strings.Join(files, ", "))
}

// readService reads one section of a service file.
func readService(file, name string) (values map[string]string, found bool, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	within := false
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			if found {
				return values, true, nil
			}
			if within = line == "["+name+"]"; within {
				values, found = make(map[string]string), true
			}
		case within:
			key, value, paired := strings.Cut(line, "=")
			if key = strings.TrimSpace(key); !paired || key == "service" || key == "servicefile" {
				return nil, false, fmt.Errorf("line %d: want name=value, and no other service", n)
			}
			if key == "database" {
				key = "dbname"
			}
			values[key] = strings.TrimSpace(value)
		}
	}
	return values, found, lines.Err()
}

// passwordFile gives the password of the password file where none is given.
func (p *libpq) passwordFile(c *Connection) error {
	if p.values["password"].value != "" {
		return nil
	}
	file := p.values["passfile"].value
	if file == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil // and so no file in it
		}
		file = filepath.Join(home, ".pgpass")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil // as libpq: there is none, and the server will say whether it wanted one
	}
	defer f.Close()
	name := cmp.Or(p.values["user"].value, OSUser())
	hosts := []string{cmp.Or(p.values["host"].value, c.Node.Host, "localhost")}
	if c.Node.Host == "" || isSocketFolder(c.Node.Host) {
		hosts = append(hosts, "localhost", "127.0.0.1")
	}
	wanted := []string{"", strconv.Itoa(int(cmp.Or(c.Node.Port, 5432))), cmp.Or(p.values["dbname"].value, name), name}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := passwordFields(lines.Text())
		if len(fields) != 5 || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		for _, host := range hosts {
			wanted[0] = host
			if matches(fields[:4], wanted) {
				if info, err := f.Stat(); err == nil && runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
					return fmt.Errorf("the password file %s may be read by others than its owner, so libpq would not use it: chmod 0600 it", file)
				}
				c.Node.Password = Secret(fields[4])
				return nil
			}
		}
	}
	return nil
}

func matches(fields, wanted []string) bool {
	for i, f := range fields {
		if f != "*" && f != wanted[i] {
			return false
		}
	}
	return true
}

// passwordFields cuts a line at its colons. A backslash takes the meaning of a colon or a
// backslash away.
func passwordFields(line string) []string {
	line = strings.TrimRight(line, "\r\n")
	fields := []string{""}
	for i := 0; i < len(line); i++ {
		last := &fields[len(fields)-1]
		switch {
		case line[i] == '\\' && i+1 < len(line):
			i++
			*last += line[i : i+1]
		case line[i] == ':' && len(fields) < 5:
			fields = append(fields, "")
		default:
			*last += line[i : i+1]
		}
	}
	return fields
}

// OSUser is the name of the operating system's user, who connects where no user is given;
// "" if it can't be found out.
func OSUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}
