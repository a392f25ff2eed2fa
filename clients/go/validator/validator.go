// Package validator stands for gopkg.in/validator.v2 where no module proxy can be reached. The generated unions ask it
// whether a value fits; what it adds to the unmarshalling of each alternative is not needed to tell them apart.
package validator

// Validate accepts every value.
func Validate(any) error { return nil }
