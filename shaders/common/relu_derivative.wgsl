fn derivative(x: vec4f) -> vec4f { return select(vec4f(), vec4f(1.0), x > vec4f()); }
