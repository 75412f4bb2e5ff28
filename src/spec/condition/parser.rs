//! Recursive descent over the tokens, to a bounded depth.

use super::{
    ConditionError, DEEPEST_CONDITION, Expression, Name, Operand,
    glob::Glob,
    lexer::{Token, tokens},
};
use crate::spec::{finding::Span, suggest::did_you_mean};

const FUNCTIONS: [&str; 2] = ["changed", "starts_with"];

pub(super) fn parse(text: &str) -> Result<Expression, ConditionError> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let expression = parser.or()?;
    match parser.peek() {
        Token::End => Ok(expression),
        Token::Close => Err(parser.wrong("this ')' closes nothing", "remove it")),
        Token::Word(_)
        | Token::Text(_)
        | Token::Equal
        | Token::Unequal
        | Token::And
        | Token::Or
        | Token::Not
        | Token::Open
        | Token::Comma => Err(parser.wrong("an operator is missing here", "join with && or ||")),
    }
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(token, _)| token)
    }

    fn span(&self) -> Span {
        let place = self.tokens.get(self.next).or(self.tokens.last());
        place.map_or(Span { offset: 0, length: 0 }, |(_, span)| *span)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn took(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == wanted;
        self.next += usize::from(found);
        found
    }

    fn wrong(&self, message: impl Into<String>, help: impl Into<String>) -> ConditionError {
        ConditionError { span: self.span(), message: message.into(), help: Some(help.into()) }
    }

    fn or(&mut self) -> Result<Expression, ConditionError> {
        let mut parts = vec![self.and()?];
        while self.took(&Token::Or) {
            parts.push(self.and()?);
        }
        Ok(single(parts, Expression::Or))
    }

    fn and(&mut self) -> Result<Expression, ConditionError> {
        let mut parts = vec![self.not()?];
        while self.took(&Token::And) {
            parts.push(self.not()?);
        }
        Ok(single(parts, Expression::And))
    }

    fn not(&mut self) -> Result<Expression, ConditionError> {
        if self.depth >= DEEPEST_CONDITION {
            return Err(self.wrong(
                format!("more than {DEEPEST_CONDITION} levels inside each other"),
                "decide in a script instead",
            ));
        }
        self.depth += 1;
        let expression = if self.took(&Token::Not) {
            Expression::Not(Box::new(self.not()?))
        } else if self.took(&Token::Open) {
            let inner = self.or()?;
            if !self.took(&Token::Close) {
                return Err(self.wrong("a '(' is not closed", "add ')' here"));
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn comparison(&mut self) -> Result<Expression, ConditionError> {
        if let Token::Word(word) = self.peek().clone()
            && self.tokens.get(self.next + 1).is_some_and(|(token, _)| *token == Token::Open)
        {
            return self.call(&word);
        }
        let begin = self.span();
        let left = self.operand()?;
        let equal = self.took(&Token::Equal);
        if !equal && !self.took(&Token::Unequal) {
            return Err(self.wrong("'==' or '!=' is missing here", "as in branch == \"main\""));
        }
        let right = self.operand()?;
        if matches!((&left, &right), (Operand::Text(_), Operand::Text(_))) {
            return Err(ConditionError {
                span: begin,
                message: "two texts are compared: the answer never changes".to_owned(),
                help: Some("remove the quotes around branch, environment or event".to_owned()),
            });
        }
        let equality = Expression::Equal(left, right);
        Ok(if equal { equality } else { Expression::Not(Box::new(equality)) })
    }

    fn call(&mut self, function: &str) -> Result<Expression, ConditionError> {
        if !FUNCTIONS.contains(&function) {
            let help = did_you_mean(function, FUNCTIONS).unwrap_or_default();
            return Err(self.wrong(format!("there is no function '{function}'"), help));
        }
        self.next += 2;
        let expression = if function == "changed" {
            let span = self.span();
            let Token::Text(pattern) = self.take() else {
                self.next -= 1;
                return Err(
                    self.wrong("changed takes a pattern in quotes", "as in changed(\"src/**\")")
                );
            };
            let glob = Glob::parse(&pattern).map_err(|message| ConditionError {
                span,
                message,
                help: Some("paths are relative to the repository, as in src/**".to_owned()),
            })?;
            Expression::Changed(glob)
        } else {
            let text = self.operand()?;
            if !self.took(&Token::Comma) {
                let message = "starts_with takes two values with a ',' between";
                return Err(self.wrong(message, "as in starts_with(branch, \"release/\")"));
            }
            Expression::StartsWith(text, self.operand()?)
        };
        if !self.took(&Token::Close) {
            return Err(self.wrong("a '(' is not closed", "add ')' here"));
        }
        Ok(expression)
    }

    fn operand(&mut self) -> Result<Operand, ConditionError> {
        const HINT: &str = "use branch, environment, event or a text in quotes";
        match self.peek().clone() {
            Token::Text(text) => {
                self.next += 1;
                Ok(Operand::Text(text))
            }
            Token::Word(word) => match Name::ALL.iter().find(|(known, _)| *known == word) {
                Some((_, name)) => {
                    self.next += 1;
                    Ok(Operand::Name(*name))
                }
                None => {
                    let names = Name::ALL.map(|(known, _)| known);
                    let near = crate::spec::suggest::nearest(&word, names);
                    let help = near.map_or(format!("{HINT}: \"{word}\""), |near| {
                        format!("did you mean '{near}'?")
                    });
                    Err(self.wrong(format!("'{word}' is not known"), help))
                }
            },
            Token::End => Err(self.wrong("the condition ends too early", HINT)),
            Token::Equal
            | Token::Unequal
            | Token::And
            | Token::Or
            | Token::Not
            | Token::Open
            | Token::Close
            | Token::Comma => Err(self.wrong("a value is missing here", HINT)),
        }
    }
}

fn single(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            join(parts)
        }
    }
}
