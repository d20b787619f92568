// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

interface IToken {
    function balanceOf(address owner) external view returns (uint256);
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// A constant-product exchange of two tokens in the shape of Uniswap v2: a lock, packed reserves, a
/// fee of 0.3 %, and a product that may not fall. One swap is five call frames: this contract,
/// transferFrom of the one token, transfer of the other, and both balances. It has no shares, so
/// whoever adds liquidity gives it away: for tests and benchmarks only.
contract Pair {
    IToken public immutable token0;
    IToken public immutable token1;
    uint112 private reserve0;
    uint112 private reserve1;
    uint32 private updatedAt;
    uint256 private unlocked = 1;

    event Swap(address indexed sender, uint256 amountIn, uint256 amountOut, bool zeroForOne, address indexed to);
    event Sync(uint112 reserve0, uint112 reserve1);

    error Locked();
    error InsufficientOutput(uint256 got, uint256 wanted);
    error ProductFell();
    error ReserveOverflow();

    modifier lock() {
        if (unlocked != 1) revert Locked();
        unlocked = 2;
        _;
        unlocked = 1;
    }

    constructor(IToken token0_, IToken token1_) {
        token0 = token0_;
        token1 = token1_;
    }

    function getReserves() external view returns (uint112, uint112, uint32) {
        return (reserve0, reserve1, updatedAt);
    }

    /// Takes whatever the tokens say this contract holds as its reserves.
    function sync() external lock {
        update(token0.balanceOf(address(this)), token1.balanceOf(address(this)));
    }

    /// What `amountIn` buys, after the fee, rounded down in the pool's favour.
    function quote(uint256 amountIn, bool zeroForOne) public view returns (uint256) {
        (uint256 reserveIn, uint256 reserveOut) = zeroForOne ? (reserve0, reserve1) : (reserve1, reserve0);
        uint256 withFee = amountIn * 997;
        return (withFee * reserveOut) / (reserveIn * 1000 + withFee);
    }

    function swap(uint256 amountIn, uint256 minimumOut, bool zeroForOne, address to) external lock returns (uint256 amountOut) {
        amountOut = quote(amountIn, zeroForOne);
        if (amountOut < minimumOut || amountOut == 0) revert InsufficientOutput(amountOut, minimumOut);
        (IToken tokenIn, IToken tokenOut) = zeroForOne ? (token0, token1) : (token1, token0);
        tokenIn.transferFrom(msg.sender, address(this), amountIn);
        tokenOut.transfer(to, amountOut);
        uint256 balance0 = token0.balanceOf(address(this));
        uint256 balance1 = token1.balanceOf(address(this));
        if (balance0 * balance1 < uint256(reserve0) * reserve1) revert ProductFell();
        update(balance0, balance1);
        emit Swap(msg.sender, amountIn, amountOut, zeroForOne, to);
    }

    function update(uint256 balance0, uint256 balance1) private {
        if (balance0 > type(uint112).max || balance1 > type(uint112).max) revert ReserveOverflow();
        reserve0 = uint112(balance0);
        reserve1 = uint112(balance1);
        updatedAt = uint32(block.timestamp);
        emit Sync(reserve0, reserve1);
    }
}
