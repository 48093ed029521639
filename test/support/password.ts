/**
 * `secret`, with as few rounds as there may be: HAProxy computes it for each request.
 * Python's `crypt.crypt('secret', '$6$rounds=1000$test')`
 */
export const secretHash =
  '$6$rounds=1000$test$FFKEMYyej88gP2YntKFbX4h7FQ4Z23VJKEyFi9w3zM.olgiwpI1H/6a2zjdhft4MxIkIShmY5A/FSGUeQDTsx1';
