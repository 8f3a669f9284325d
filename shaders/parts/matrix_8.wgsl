// Cooperative matrices of 8 × 8: operands in f16, sums in f32.
// Provides: MatrixA, MatrixB, MatrixC, EDGE
// Needs: nothing
alias MatrixA = coop_mat8x8<f16, A>;
alias MatrixB = coop_mat8x8<f16, B>;
alias MatrixC = coop_mat8x8<f32, C>;
const EDGE = 8u;
