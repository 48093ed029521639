/** `\u0085` for the character: what people see of one that a terminal would act upon. */
export const escaped = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
