/** Values that nginx computes for a location when they are read (handoff/headers.ts, DYNAMIC_VALUES). */
import { DYNAMIC_VALUES, type DynamicValue, dynamicVariable } from '../handoff/headers.ts';

/**
 * Names the variables of a value that the location has.
 * @param location the location's number; '' for one written by hand
 * @returns as many as the location gives, in their order; none when it does not give the value
 */
export function givenVariables(r: NginxHTTPRequest, location: string, name: DynamicValue): string[] {
  const given: string[] = [];
  for (let i = 0; i < DYNAMIC_VALUES[name]; i++) {
    const variable = dynamicVariable(location, name, i);
    const value = r.variables[variable];
    // A variable of `set` exists in every location, and is empty in those that do not set it.
    if (value === undefined || (location === '' && value === '')) break;
    given.push(variable);
  }
  return given;
}

/** A value of which there is one at most, as text; undefined when the location does not give it. */
export function givenValue(r: NginxHTTPRequest, location: string, name: DynamicValue): string | undefined {
  const variable = givenVariables(r, location, name)[0];
  return variable === undefined ? undefined : r.variables[variable];
}
