/** `\u0085` for the character: shows people a character that a terminal would act on. */
export const escaped = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
