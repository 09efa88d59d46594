package config_test

import (
	"reflect"
	"testing"

	"github.com/unoactor/unoactor/config"
)

// fill gives everything exported a value, and every list and map an element.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem())
	case reflect.String:
		v.SetString("x")
	}
}

// shared lists what two values have in common that can be changed.
func shared(path string, a, b reflect.Value) (found []string) {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if f := a.Type().Field(i); f.IsExported() {
				found = append(found, shared(path+"."+f.Name, a.Field(i), b.Field(i))...)
			}
		}
	case reflect.Slice:
		if a.Len() > 0 {
			found = shared(path+"[0]", a.Index(0), b.Index(0))
		}
		fallthrough
	case reflect.Map:
		if a.Pointer() == b.Pointer() {
			found = append(found, path)
		}
	}
	return found
}

func TestACloneSharesNothing(t *testing.T) {
	var top config.Topology
	fill(reflect.ValueOf(&top).Elem())
	clone := top.Clone()
	if !reflect.DeepEqual(top, clone) {
		t.Errorf("%+v\nis not\n%+v", clone, top)
	}
	if found := shared("topology", reflect.ValueOf(top), reflect.ValueOf(clone)); len(found) > 0 {
		t.Errorf("shared: %q", found)
	}
	if found := shared("topology", reflect.ValueOf(top), reflect.ValueOf(top)); len(found) < 12 {
		t.Errorf("of a topology and itself only %q are found", found)
	}
}
